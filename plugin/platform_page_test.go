package plugin

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// docs/platform.md names switches that there are, sections that can be read, and the same claims in both languages.
func TestThePageOfClaimsNamesWhatThereIs(t *testing.T) {
	protocol, err := os.ReadFile("../docs/midas-protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	section := regexp.MustCompile(`§(\d(?:\.\d)?)(?: (P\d+))?`)
	code := regexp.MustCompile("`([A-Z][A-Za-z]*(?:\\.[A-Z][A-Za-z]*)?)`")
	claims := map[string]int{}
	for _, page := range []string{"../docs/platform.md", "../docs/platform_ZH.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			cells := strings.Split(line, " | ")
			if len(cells) != 5 || strings.Contains(line, "---") || !strings.Contains(cells[1], "§") {
				continue
			}
			claims[page]++
			for _, at := range section.FindAllStringSubmatch(cells[1], -1) {
				if !strings.Contains(string(protocol), "# "+at[1]) || at[2] != "" && !strings.Contains(string(protocol), "| "+at[2]+" |") {
					t.Errorf("%s: %s is not in midas-protocol.md", page, at[0])
				}
			}
			for _, name := range code.FindAllStringSubmatch(cells[4], -1) {
				if !isSwitch(name[1]) {
					t.Errorf("%s: there is no %s", page, name[1])
				}
			}
		}
	}
	if claims["../docs/platform.md"] < 30 || claims["../docs/platform.md"] != claims["../docs/platform_ZH.md"] {
		t.Errorf("claims: %v", claims)
	}
}

// isSwitch reports whether a name is a key of the config or a method of the plugin's.
func isSwitch(name string) bool {
	first, second, _ := strings.Cut(name, ".")
	if first == "Plugin" {
		_, there := reflect.TypeFor[*Plugin]().MethodByName(second)
		return there
	}
	if _, there := reflect.TypeFor[*Plugin]().MethodByName(name); there {
		return true
	}
	field, there := reflect.TypeFor[Config]().FieldByName(first)
	if !there || second == "" {
		return there
	}
	_, there = field.Type.FieldByName(second)
	return there
}
