package payment

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/leafmidas/leafmidas/midas"
)

// ErrUnsupportedPlatform: the player's device cannot pay with money. Nothing was sent; the player still spends coins
// and is delivered to.
var ErrUnsupportedPlatform = errors.New("payment: this device cannot pay")

// ios is the platform whose prices are Apple's.
const ios = "ios"

// Platform is a kind of device on which money is taken, and since which versions.
type Platform struct {
	// Name is "android", "ios", "windows", "mac" or "ohos".
	Name string
	// System, WeChat and SDK are the lowest versions of the operating system, of WeChat and of its base library, as "15"
	// or "8.0.68". Empty: any. A version that the client does not tell is taken to be high enough: the payment window
	// knows better.
	System, WeChat, SDK string
}

// OfficialPlatforms returns what WeChat names as supported (midas-protocol.md §3.9, P1 and P2). Apple's payment has no
// sandbox.
func OfficialPlatforms(sandbox bool) []Platform {
	list := []Platform{{Name: "android"}, {Name: "windows"}, {Name: "mac"}, {Name: "ohos"}}
	if !sandbox {
		list = append(list, Platform{Name: ios, System: "15", WeChat: "8.0.68", SDK: "3.10.3"})
	}
	return list
}

// UnsupportedError says why a device cannot pay. It is an ErrUnsupportedPlatform.
type UnsupportedError struct {
	// Platform is the player's.
	Platform string
	// Needs is what would help, as "WeChat 8.0.68 or newer". Empty: nothing would, on this platform.
	Needs []string
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("%v: the player is on %q; %s", ErrUnsupportedPlatform, e.Platform, e.Text())
}

// Is makes errors.Is(err, ErrUnsupportedPlatform) hold.
func (e *UnsupportedError) Is(target error) bool { return target == ErrUnsupportedPlatform }

// Text is what the player may read: it says what would help.
func (e *UnsupportedError) Text() string {
	if len(e.Needs) == 0 {
		return "payment is not offered on this device; what you buy on another one is yours here, too"
	}
	last := len(e.Needs) - 1
	text := e.Needs[last]
	if last > 0 {
		text = strings.Join(e.Needs[:last], ", ") + " and " + text
	}
	return "payment needs " + text + "; please update"
}

// CanPay tells why a player's device may not pay with money, as an *UnsupportedError; nil: it may. A player of whose
// device nothing is known may.
func (t *Till) CanPay(p Player) error {
	name := DeviceOf(p)
	if name == "" {
		return nil
	}
	i := slices.IndexFunc(t.cfg.Platforms, func(one Platform) bool { return one.Name == name })
	if i < 0 {
		return &UnsupportedError{Platform: name}
	}
	needed := t.cfg.Platforms[i]
	var needs []string
	for _, v := range []struct{ what, has, least string }{
		{systemNames[name], p.System, needed.System},
		{"WeChat", p.WeChatVersion, needed.WeChat},
		{"base library", p.SDKVersion, needed.SDK},
	} {
		if older(v.has, v.least) {
			needs = append(needs, v.what+" "+v.least+" or newer")
		}
	}
	if needs != nil {
		return &UnsupportedError{Platform: name, Needs: needs}
	}
	return nil
}

// TiersOf returns the prices at which a player can buy coins: on an iPhone those that are Apple's, too (P4).
func (t *Till) TiersOf(p Player) midas.Tiers {
	if DeviceOf(p) == ios && t.cfg.IOSTiers != nil {
		return t.cfg.IOSTiers
	}
	return t.cfg.Tiers
}

var systemNames = map[string]string{"android": "Android", ios: "iOS", "windows": "Windows", "mac": "macOS", "ohos": "HarmonyOS"}

// DeviceOf returns a player's platform as Platforms names it. Empty: not known.
func DeviceOf(p Player) string { return platformOf(p.Platform, p.System) }

// platformOf returns a platform as Platforms names it, of what wx.getDeviceInfo says. WeChat's developer tools count as
// the device that they imitate, which only the system's name tells. Empty: not known.
func platformOf(platform, system string) string {
	switch name := strings.ToLower(platform); name {
	case "ohos_pc":
		return "ohos"
	case "devtools":
		for _, one := range []string{ios, "windows", "mac"} {
			if strings.HasPrefix(strings.ToLower(system), strings.ToLower(systemNames[one])) {
				return one
			}
		}
		if s := strings.ToLower(system); strings.HasPrefix(s, "ohos") || strings.HasPrefix(s, "openharmony") || strings.HasPrefix(s, "harmonyos") {
			return "ohos"
		}
		return "android"
	default:
		return name
	}
}

// older reports whether a version is known and below the lowest that will do. It takes the first number in the text, as
// of "iOS 17.4.1".
func older(version, least string) bool {
	has, needs := numbers(version), numbers(least)
	return has != nil && slices.Compare(has, needs) < 0
}

// ValidVersion reports whether a text begins with a version: numbers with dots between them.
func ValidVersion(text string) bool {
	return text != "" && strings.Trim(text, "0123456789.") == "" && numbers(text) != nil
}

func numbers(version string) (list []int) {
	start := strings.IndexAny(version, "0123456789")
	if start < 0 {
		return nil
	}
	version = version[start:]
	if end := strings.IndexFunc(version, func(r rune) bool { return r != '.' && (r < '0' || r > '9') }); end >= 0 {
		version = version[:end]
	}
	for part := range strings.SplitSeq(strings.Trim(version, "."), ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return nil
		}
		list = append(list, n)
	}
	return list
}
