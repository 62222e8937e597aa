package impact

import (
	"os"
	"testing"

	"winnow/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.InMemory(m)) }
