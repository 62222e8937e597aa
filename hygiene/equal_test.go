package hygiene

import (
	"reflect"
	"testing"
)

// everyField calls differ with a copy of the suppression for each of its public fields,
// in which only that field was changed.
func everyField(t *testing.T, s Suppression, differ func(field string, changed Suppression)) {
	t.Helper()
	var visit func(v reflect.Value, name string, whole func() Suppression)
	change := func(v reflect.Value, name string, whole func() Suppression) {
		old := reflect.New(v.Type()).Elem()
		old.Set(v)
		switch v.Kind() {
		case reflect.String:
			v.SetString(v.String() + "x")
		case reflect.Bool:
			v.SetBool(!v.Bool())
		case reflect.Int64:
			v.SetInt(v.Int() + 1)
		case reflect.Uint8, reflect.Uint64:
			v.SetUint(v.Uint() + 1)
		case reflect.Slice:
			v.Set(reflect.ValueOf([]int64{1, 2, 4}))
		default:
			t.Fatalf("%s is of a kind that this test does not know: %s", name, v.Kind())
		}
		differ(name, whole())
		v.Set(old)
	}
	visit = func(v reflect.Value, name string, whole func() Suppression) {
		for i := range v.NumField() {
			field := v.Field(i)
			if !field.CanSet() {
				continue // people do not see the others
			}
			of := name + "." + v.Type().Field(i).Name
			if field.Kind() == reflect.Struct {
				visit(field, of, whole)
			} else {
				change(field, of, whole)
			}
		}
	}
	visit(reflect.ValueOf(&s).Elem(), "Suppression", func() Suppression { return s })
}

func TestSuppressionsThatDifferInOneFieldAreNotEqual(t *testing.T) {
	cause := Cause{Rule: "r", Digest: 7, Review: true, Evidence: []int64{1, 2, 3}, Oldest: start}
	s := Suppression{Reason: "x", Origin: ByImport, Held: 2, Since: Moment{start, 1}, Until: start + 1, By: "ann", Note: "n", Cause: cause,
		Renewal: Renewal{At: Moment{start, 2}, Cause: cause}}
	same := s
	same.Evidence = []int64{1, 2, 3}
	if !s.Equal(&same) {
		t.Error("a copy is not equal")
	}
	fields := 0
	everyField(t, s, func(field string, changed Suppression) {
		if field == "Suppression.Proof" {
			return // what is known of it later changes nothing for the contact
		}
		if fields++; s.Equal(&changed) || changed.Equal(&s) {
			t.Errorf("a suppression with another %s is equal", field)
		}
	})
	if fields != 20 {
		t.Errorf("%d fields were changed", fields)
	}
}
