package plugin

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// byteOrderMark is what PowerShell and Notepad begin a file with.
const byteOrderMark = "\ufeff"

// readSecret reads what a secret's text points to. The text itself never goes into an error. White space and byte order
// marks around it are no part of it: `echo KEY | base64` leaves a line feed, an editor a mark, a web page a space.
func readSecret(text string) (string, error) {
	text = bare(text)
	if name, ok := strings.CutPrefix(text, "env:"); ok {
		name = strings.TrimSpace(name)
		value := bare(os.Getenv(name))
		if value == "" {
			return "", fmt.Errorf("the environment has no variable %s", name)
		}
		return plainSecret(value)
	}
	if path, ok := strings.CutPrefix(text, "file:"); ok {
		path = strings.TrimSpace(path)
		content, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		value := bare(string(content))
		if value == "" {
			return "", fmt.Errorf("the file %s is empty", path)
		}
		return plainSecret(value)
	}
	return plainSecret(text)
}

// bare takes white space and byte order marks off both ends.
func bare(text string) string {
	return strings.TrimFunc(text, func(r rune) bool { return unicode.IsSpace(r) || r == '\ufeff' || r == '\u200b' })
}

// plainSecret refuses what can only be meant otherwise.
func plainSecret(value string) (string, error) {
	if n := len(value); n >= 2 && value[0] == value[n-1] && (value[0] == '"' || value[0] == '\'' || value[0] == '`') {
		return "", errors.New("has quotes around its value; leave them out")
	}
	if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
		return "", errors.New("is not UTF-8 text; save it as UTF-8 (Windows' \"Unicode\" is UTF-16)")
	}
	if strings.ContainsFunc(value, unicode.IsControl) {
		return "", errors.New("has a line break or another control character in its middle")
	}
	return value, nil
}

// secretForm is what a secret of the console's looks like, as far as anybody has seen.
var appSecretForm = regexp.MustCompile(`^[0-9a-fA-F]{32}$`)

// warnOfSecrets says once, at the start, which secrets do not look like those of the consoles. They are tried all the same: what WeChat gives
// out may change. Those of the emulator, and of the config that the example server comes with, are known by their beginning.
func (c Config) warnOfSecrets(log *slog.Logger) {
	const what = "leafmidas: a secret of the config does not look like one; it is tried all the same"
	emulators := func(secret string) bool {
		return strings.HasPrefix(secret, "emulator") || strings.HasPrefix(secret, "emulated-")
	}
	if secret := c.AppSecret.Reveal(); secret != "" && !emulators(secret) && !appSecretForm.MatchString(secret) {
		log.Warn(what, "key", "Midas.AppSecret", "usual", "32 hexadecimal digits", "length", len(c.AppSecret))
	}
	keys := []struct{ name, value string }{{"Midas.AppKey", c.AppKey.Reveal()}, {"Midas.SandboxAppKey", c.SandboxAppKey.Reveal()}}
	for _, k := range keys {
		if k.value != "" && len(k.value) != 32 && !emulators(k.value) {
			log.Warn(what, "key", k.name, "usual", "32 characters", "length", len(k.value))
		}
	}
}
