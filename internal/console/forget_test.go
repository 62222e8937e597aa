package console

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"winnow/internal/console/view"
)

func TestForgettingThatIsNotDoneYetIsAccepted(t *testing.T) {
	for status, forgotten := range map[int]bool{http.StatusOK: true, http.StatusAccepted: false} {
		asked := ""
		c := Config{Forget: func(_ context.Context, key string) (view.Forgotten, error) {
			asked = key
			return view.Forgotten{Forgotten: forgotten}, nil
		}}
		w := serve(c, requestOf(http.MethodDelete, "/api/v1/contacts/ann%2F1", ""))
		if w.Code != status || strings.TrimSpace(w.Body.String()) != fmt.Sprintf(`{"forgotten":%t}`, forgotten) || asked != "ann/1" {
			t.Errorf("%q: %d %s", asked, w.Code, w.Body)
		}
	}
}
