package emulator

// What tests of published values call directly.
var (
	PayEventSig   = payEventSig
	PushSignature = pushSignature
)
