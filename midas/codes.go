package midas

// code is what a documented errcode means.
type code struct {
	sentinel *sentinel
	verdict  Verdict
	advice   string
}

// sentinel is an error to compare with; several codes may share one.
type sentinel struct{ meaning string }

func (s *sentinel) Error() string { return "midas: " + s.meaning }

// Errors that Midas and WeChat answer with, for errors.Is. What each means for the coins, [VerdictOf] tells.
var (
	// ErrSystemBusy (−1): the call may or may not have been carried out (§1.4).
	ErrSystemBusy error = &sentinel{"system busy"}
	// ErrBillUnknown (90000): Midas has no such order (§1.5).
	ErrBillUnknown error = &sentinel{"order does not exist"}
	// ErrBadBillNo (90001 to 90005): something about the order's data is not valid (§1.8).
	ErrBadBillNo error = &sentinel{"order data not valid"}
	// ErrBadOpenID (90007): no such user, or no access token in the URL (§1.8).
	ErrBadOpenID error = &sentinel{"openid not valid"}
	// ErrBadMPSig (90009): mp_sig does not fit. Most often the session key is not the user's newest: a login that this
	// server never heard of, because it died or because it was another's, has replaced it. Else the text signed is wrong.
	ErrBadMPSig error = &sentinel{"mp_sig wrong"}
	// ErrSessionExpired (90010): the user has to log in again (§4.3).
	ErrSessionExpired error = &sentinel{"session expired"}
	// ErrBadSig (90011): sig does not fit; wrong AppKey, or that of the other environment, or the text signed is wrong.
	ErrBadSig error = &sentinel{"sig wrong"}
	// ErrBillExists (90012): an earlier call with this bill number was carried out (§1.4).
	ErrBillExists error = &sentinel{"order exists"}
	// ErrInsufficientBalance (90013): the user has too few coins.
	ErrInsufficientBalance error = &sentinel{"balance not enough"}
	// ErrBillConfirmed (90014): the deduction is final and cannot be given back (§1.5).
	ErrBillConfirmed error = &sentinel{"order confirmed"}
	// ErrBillRolledBack (90015): the deduction has been given back already (§1.5).
	ErrBillRolledBack error = &sentinel{"order rolled back"}
	// ErrBillProcessing (90016): the order is being worked on (§1.5).
	ErrBillProcessing error = &sentinel{"order being processed"}
	// ErrNotPermitted (90017): the mini game may not use this call.
	ErrNotPermitted error = &sentinel{"no permission"}
	// ErrBadParameter (90018): a parameter is not valid.
	ErrBadParameter error = &sentinel{"parameter not valid"}
	// ErrTradeUnknown (90019, V2): Midas knows no payment of this out_trade_no (§3.1).
	ErrTradeUnknown error = &sentinel{"out_trade_no not found"}
	// ErrParameterMissing (40101): a parameter is missing, or the body is not JSON (§1.8).
	ErrParameterMissing error = &sentinel{"parameter missing"}
	// ErrBadToken (40001, 40014, 41001, 42001): the access token is dead (§4.2).
	ErrBadToken error = &sentinel{"access token not valid"}
	// ErrBadSecret (40001 from the token call and from a login, 40125, 41004): the AppSecret is wrong or missing (§4.2).
	ErrBadSecret error = &sentinel{"AppSecret wrong"}
	// ErrBadAppID (40013, 41002): the AppID is wrong or missing.
	ErrBadAppID error = &sentinel{"AppID wrong"}
	// ErrIPNotAllowed (40164, 89501, 89503, 89506, 89507): this server's address is not on the list in the WeChat console
	// (§4.2), or an administrator of the mini game has not confirmed it, or has refused it.
	ErrIPNotAllowed error = &sentinel{"server address not allowed"}
	// ErrSecretFrozen (40243): the AppSecret has been frozen in the WeChat console.
	ErrSecretFrozen error = &sentinel{"AppSecret frozen"}
	// ErrRestricted (48004, 50002): WeChat has taken the call away from the mini game, or has restricted its account, for
	// breaking a rule.
	ErrRestricted error = &sentinel{"mini game restricted by WeChat"}
	// ErrBadCode (40029, 40163): the login code is wrong, used or too old (§4.1).
	ErrBadCode error = &sentinel{"login code not valid"}
	// ErrUserBlocked (40226): WeChat blocks this user (§4.1).
	ErrUserBlocked error = &sentinel{"user blocked"}
	// ErrRateLimited (45009, 45011): too many calls (§5).
	ErrRateLimited error = &sentinel{"too many calls"}
	// ErrBadCall (40002, 43002, 44002): the call itself is malformed; a mistake of this package or of a proxy.
	ErrBadCall error = &sentinel{"malformed call"}
)

// Where in the WeChat console (mp.weixin.qq.com) an advice sends its reader.
const (
	settings = "the WeChat console (开发管理 → 开发设置)"
	theList  = "the WeChat console (开发管理 → 开发设置 → IP白名单)"
	messages = "the WeChat console's message box (通知中心) says why, and how to appeal"
)

// codes lists every documented errcode of V1, login and tokens (§1.2–1.8, §4).
var codes = map[int]code{
	-1:    of(ErrSystemBusy, VerdictUnknown, "repeat with the same bill number until the answer is another one"),
	40001: of(ErrBadToken, VerdictLater, "fetch a new access token; see that no other process fetches tokens the classic way"),
	40002: of(ErrBadCall, VerdictRefused, "do not repeat; see what changed the call on its way"),
	40013: of(ErrBadAppID, VerdictRefused, "do not repeat; correct AppID: it is the one in "+settings),
	40014: of(ErrBadToken, VerdictLater, "fetch a new access token"),
	40029: of(ErrBadCode, VerdictRefused, "have the client call wx.login for a new code"),
	40101: of(ErrParameterMissing, VerdictRefused, "do not repeat; the text names the parameter"),
	40125: of(ErrBadSecret, VerdictRefused, "do not repeat; correct AppSecret: it is the one in "+settings+", another once it has been reset there"),
	40163: of(ErrBadCode, VerdictRefused, "have the client call wx.login for a new code"),
	40164: of(ErrIPNotAllowed, VerdictRefused, "do not repeat; add this server's address (it may be in the text) to the list in "+theList),
	40226: of(ErrUserBlocked, VerdictRefused, "do not repeat"),
	40243: of(ErrSecretFrozen, VerdictRefused, "do not repeat; unfreeze the AppSecret in "+settings+", or make a new one and correct AppSecret"),
	41001: of(ErrBadToken, VerdictLater, "fetch a new access token"),
	41002: of(ErrBadAppID, VerdictRefused, "do not repeat; correct AppID"),
	41004: of(ErrBadSecret, VerdictRefused, "do not repeat; correct AppSecret"),
	42001: of(ErrBadToken, VerdictLater, "fetch a new access token"),
	43002: of(ErrBadCall, VerdictRefused, "do not repeat; see what changed the call on its way"),
	44002: of(ErrBadCall, VerdictRefused, "do not repeat; see what changed the call on its way"),
	45009: of(ErrRateLimited, VerdictLater, "repeat later; the day's quota is used up"),
	45011: of(ErrRateLimited, VerdictLater, "repeat in a minute"),
	48004: of(ErrRestricted, VerdictRefused, "do not repeat; WeChat has taken this call away for breaking a rule: "+messages),
	50002: of(ErrRestricted, VerdictRefused, "do not repeat; the mini game's account is restricted or frozen: "+messages),
	89501: of(ErrIPNotAllowed, VerdictRefused, "do not repeat; an administrator of the mini game has been asked to confirm this server's address: "+
		"have them do it in WeChat, or add the address to the list in "+theList),
	89503: of(ErrIPNotAllowed, VerdictRefused, "do not repeat; have an administrator of the mini game confirm this server's address in WeChat, "+
		"or add it to the list in "+theList),
	89506: of(ErrIPNotAllowed, VerdictRefused, "do not repeat; an administrator has refused this server's address twice, so WeChat takes no call from it "+
		"for 24 hours: add it to the list in "+theList),
	89507: of(ErrIPNotAllowed, VerdictRefused, "do not repeat; an administrator has refused this server's address, so WeChat takes no call from it "+
		"for an hour: add it to the list in "+theList),
	90000: of(ErrBillUnknown, VerdictRefused, "nothing was deducted under this bill number"),
	90001: of(ErrBadBillNo, VerdictRefused, "do not repeat; correct the bill number"),
	90002: of(ErrBadBillNo, VerdictRefused, "do not repeat; correct the order's data"),
	90003: of(ErrBadBillNo, VerdictRefused, "do not repeat; correct the order's data"),
	90004: of(ErrBadBillNo, VerdictRefused, "do not repeat; correct the order's data"),
	90005: of(ErrBadBillNo, VerdictRefused, "do not repeat; correct Platform"),
	90006: of(ErrBillUnknown, VerdictRefused, "nothing was deducted under this bill number"),
	90007: of(ErrBadOpenID, VerdictRefused, "do not repeat; see that the openid is of this mini game and not a login code"),
	90009: of(ErrBadMPSig, VerdictLogin, "have the player log in again, then repeat with the same bill number; if that does not help, look at OptionalParams and the session key"),
	90010: of(ErrSessionExpired, VerdictLogin, "have the player log in again, then repeat with the same bill number"),
	90011: of(ErrBadSig, VerdictRefused, "do not repeat; see that the AppKey is the one of this environment, and at OptionalParams"),
	90012: of(ErrBillExists, VerdictAlready, "take it as done: an earlier call was carried out"),
	90013: of(ErrInsufficientBalance, VerdictRefused, "do not repeat; the player has to buy coins first"),
	90014: of(ErrBillConfirmed, VerdictRefused, "do not repeat; the coins stay deducted"),
	90015: of(ErrBillRolledBack, VerdictRefused, "take it as done: the coins are back"),
	90016: of(ErrBillProcessing, VerdictLater, "repeat later"),
	90017: of(ErrNotPermitted, VerdictRefused, "do not repeat; open virtual payment in the WeChat console"),
	90018: of(ErrBadParameter, VerdictRefused, "do not repeat; the text may name the parameter"),
}

func of(sentinelError error, v Verdict, advice string) code {
	return code{sentinelError.(*sentinel), v, advice}
}

// undocumented is how a code is taken that no page lists: as if nobody knew whether the call was carried out.
var undocumented = code{&sentinel{"undocumented code"}, VerdictUnknown, "repeat with the same bill number; look the code up"}

// codesV2 are those that mean something else in protocol V2 (§3.2).
var codesV2 = map[int]code{
	// "signature" is made with the session key; a key that a later login has replaced gives a wrong one, and in V2's first
	// months this was the answer to an expired session, too.
	90010: of(ErrBadMPSig, VerdictLogin, "have the player log in again, then repeat with the same bill number"),
	90011: of(ErrBadSig, VerdictRefused, "do not repeat; see that the AppKey is the one of this environment"),
	90016: of(ErrSessionExpired, VerdictLogin, "have the player log in again, then repeat with the same bill number"),
	90019: of(ErrTradeUnknown, VerdictRefused, "nothing was paid under this number"),
}

// codeAt is what a code means as the answer of an endpoint. Two mean something else where the call is another.
func codeAt(v2 bool, e Endpoint, n int) code {
	if c, other := codesV2[n]; v2 && other {
		return c
	}
	switch {
	case (e == EndpointToken || e == EndpointLogin) && n == 40001: // they take the AppSecret, and no token
		return code{ErrBadSecret.(*sentinel), VerdictRefused, "do not repeat; correct AppSecret: it is the one in " + settings + ", another once it has been reset there"}
	case e == EndpointPay && n == 90016:
		return code{ErrBillProcessing.(*sentinel), VerdictUnknown, "repeat with the same bill number"}
	}
	if c, known := codes[n]; known {
		return c
	}
	return undocumented
}

// CodesDocumented lists every errcode that has a meaning of its own, in no order.
func CodesDocumented() []int {
	list := make([]int, 0, len(codes))
	for n := range codes {
		list = append(list, n)
	}
	return list
}
