package emulator

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Device is what a player's client says of itself, as wx.getDeviceInfo and wx.getAppBaseInfo do. Fields that are empty
// are not known, and good enough.
type Device struct {
	// Platform is "android", "ios", "windows", "mac" or "ohos". Empty: "android".
	Platform string `json:"platform"`
	// System is the operating system with its version, as "iOS 17.4.1".
	System string `json:"system"`
	// WeChat is WeChat's version, SDK its base library's.
	WeChat string `json:"wechat"`
	SDK    string `json:"sdk"`
}

// Support is what wx.checkIsSupportMidasPayment answers.
type Support struct {
	ErrCode  int    `json:"err_code"`
	ErrMsg   string `json:"err_msg"`
	AllowPay bool   `json:"allow_pay"`
}

// What an iPhone needs (§3.9, P1).
const (
	leastIOS    = "15"
	leastWeChat = "8.0.68"
	leastSDK    = "3.10.3"
)

// SetDevice says on which device a player pays from now on. Without it every player has an Android telephone that can
// pay.
func (s *Server) SetDevice(openid string, d Device) {
	s.lock()
	defer s.mu.Unlock()
	s.devices[openid] = d
}

// CheckSupport does what wx.checkIsSupportMidasPayment does on the player's device (§3.9, P2).
func (s *Server) CheckSupport(env Env, openid string) Support {
	s.lock()
	defer s.mu.Unlock()
	if !s.devices[openid].pays(env) {
		return Support{ErrCode: clientNoSupport, ErrMsg: "ios not support"}
	}
	return Support{ErrMsg: "ok", AllowPay: true}
}

// pays reports whether a device can pay: an iPhone needs versions, and Apple's payment has no sandbox (§3.9, P1).
func (d Device) pays(env Env) bool {
	if d.Platform != "ios" {
		return true
	}
	return env == Production && atLeast(d.System, leastIOS) && atLeast(d.WeChat, leastWeChat) && atLeast(d.SDK, leastSDK)
}

// atLeast compares the first version in a text with another. An empty text is good enough.
func atLeast(text, least string) bool {
	if text == "" {
		return true
	}
	read := func(s string) (list []int) {
		fields := strings.FieldsFunc(s, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
		if len(fields) == 0 {
			return nil
		}
		for part := range strings.SplitSeq(fields[0], ".") {
			n, _ := strconv.Atoi(part)
			list = append(list, n)
		}
		return list
	}
	return slices.Compare(read(text), read(least)) >= 0
}

func (s *Server) controlDevice(in struct {
	OpenID string `json:"openid"`
	Device
},
) (any, error) {
	s.SetDevice(in.OpenID, in.Device)
	return done{true}, nil
}

func (s *Server) controlSupport(r *http.Request) (any, error) {
	q := r.URL.Query()
	return s.CheckSupport(Env(q.Get("env")), q.Get("openid")), nil
}
