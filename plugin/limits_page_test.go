package plugin_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// bounded are the packages whose limits docs/limits.md lists.
var bounded = []string{"module", "payment", "plugin", "cluster", "ops", "midas", "breaker", "ledger"}

var (
	quoted    = regexp.MustCompile("`([^`]+)`")
	ofPackage = regexp.MustCompile(`^(` + strings.Join(bounded, "|") + `)\.(\w+)$`)
	isBound   = regexp.MustCompile(`^[mM](ax|ost)[A-Z]`)
	counted   = regexp.MustCompile(`^([\d,]+)( KiB)?(, |，|$)`)
)

// declared are the names of a package, and the values of its constants that are whole numbers.
func declared(t *testing.T, of string) (names map[string]bool, values map[string]int64) {
	t.Helper()
	names, values = map[string]bool{}, map[string]int64{}
	files, err := filepath.Glob("../" + of + "/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %d files, %v", of, len(files), err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			group, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range group.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					names[s.Name.Name] = true
				case *ast.ValueSpec:
					for i, name := range s.Names {
						names[name.Name] = group.Tok == token.CONST
						if i < len(s.Values) {
							if n, whole := wholeNumber(s.Values[i]); whole {
								values[name.Name] = n
							}
						}
					}
				}
			}
		}
	}
	return names, values
}

// wholeNumber is a number as it is written, or one that is shifted.
func wholeNumber(e ast.Expr) (int64, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		n, err := strconv.ParseInt(e.Value, 0, 64)
		return n, err == nil && e.Kind == token.INT
	case *ast.BinaryExpr:
		x, okX := wholeNumber(e.X)
		y, okY := wholeNumber(e.Y)
		return x << y, e.Op == token.SHL && okX && okY
	default:
		return 0, false
	}
}

// testNames are all tests of the module.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	names, test := map[string]bool{}, regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	files, err := filepath.Glob("../*/*_test.go")
	deeper, err2 := filepath.Glob("../*/*/*/*_test.go")
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	for _, file := range append(files, deeper...) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range test.FindAllStringSubmatch(string(text), -1) {
			names[found[1]] = true
		}
	}
	return names
}

// limitsPage are the rows of the page's tables, each with its cells, and all of its text.
func limitsPage(t *testing.T, file string) (rows [][]string, text string) {
	t.Helper()
	all, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(all)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| ---") && strings.Contains(cells[len(cells)-1], "`") {
			rows = append(rows, cells)
		}
	}
	return rows, string(all)
}

func names(cell string) (all []string) {
	for _, found := range quoted.FindAllStringSubmatch(cell, -1) {
		all = append(all, found[1])
	}
	return all
}

// The page that lists what is limited names constants, keys and tests that there are, with the constants' values; and
// every constant that bounds something is on it.
func TestThePageOfLimitsIsTheCodes(t *testing.T) {
	rows, text := limitsPage(t, "../docs/limits.md")
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	tests := testNames(t)
	known, values := map[string]map[string]bool{}, map[string]map[string]int64{}
	for _, of := range bounded {
		known[of], values[of] = declared(t, of)
	}
	if len(rows) < 50 {
		t.Errorf("%d rows", len(rows))
	}
	for _, row := range rows {
		if len(row) != 5 || slices.Contains(row, "") {
			t.Errorf("a row without its five cells: %q", row)
			continue
		}
		for _, name := range names(row[2]) {
			c := ofPackage.FindStringSubmatch(name)
			_, last, _ := strings.Cut(name, ".")
			switch {
			case c == nil && !strings.Contains(string(readme), "`"+name+"`") && !strings.Contains(string(readme), "`."+last+"`"):
				t.Errorf("%s: %s is no key of the config's table", row[0], name)
			case c != nil && !known[c[1]][c[2]]:
				t.Errorf("%s: there is no constant %s", row[0], name)
			}
		}
		told := strings.Split(row[1], ", ")
		for i, name := range names(row[2]) {
			c := ofPackage.FindStringSubmatch(name)
			if c == nil || i >= len(told) {
				continue
			}
			n := counted.FindStringSubmatch(told[i])
			value, whole := values[c[1]][c[2]]
			if n == nil || !whole {
				continue
			}
			says, err := strconv.ParseInt(strings.ReplaceAll(n[1], ",", ""), 10, 64)
			if n[2] != "" {
				says <<= 10
			}
			if err != nil || says != value {
				t.Errorf("%s: the page says %s, and %s is %d", row[0], row[1], name, value)
			}
		}
		for _, test := range names(row[4]) {
			if !tests[test] {
				t.Errorf("%s: there is no test %s", row[0], test)
			}
		}
	}
	for of, all := range known {
		for name, constant := range all {
			if constant && isBound.MatchString(name) && !strings.Contains(text, "`"+of+"."+name+"`") {
				t.Errorf("%s.%s is not on the page", of, name)
			}
		}
	}
	for _, name := range names(text) {
		if c := ofPackage.FindStringSubmatch(name); c != nil && !known[c[1]][c[2]] && !strings.Contains(name, ".md") {
			t.Errorf("there is no %s", name)
		}
	}
}

// The Chinese page has the same constants, keys and tests.
func TestBothPagesOfLimitsSayTheSame(t *testing.T) {
	english, _ := limitsPage(t, "../docs/limits.md")
	chinese, _ := limitsPage(t, "../docs/limits_ZH.md")
	if len(english) != len(chinese) {
		t.Fatalf("%d rows, and %d in Chinese", len(english), len(chinese))
	}
	for i, row := range english {
		for cell := range row {
			if cell >= 2 && cell != 3 && !slices.Equal(names(row[cell]), names(chinese[i][cell])) {
				t.Errorf("%q, and in Chinese %q", row[cell], chinese[i][cell])
			}
		}
		if n := counted.FindString(row[1]); n != "" && strings.TrimRight(n, ", ") != strings.TrimRight(counted.FindString(chinese[i][1]), ", ，") {
			t.Errorf("%s: %q, and in Chinese %q", row[0], row[1], chinese[i][1])
		}
	}
}
