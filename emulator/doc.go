// Package emulator is a Midas (米大师) that runs anywhere: the WeChat servers of protocols V1 and V2 with their accounts,
// bills, payments, pushes, logins, tokens and signatures, for tests, demos and development. It shares no code with the
// client it is meant to test; what it knows, it has from docs/midas-protocol.md, whose sections comments refer to
// (§1.4).
//
//	emu, err := emulator.New(emulator.Config{AutoCodes: true})
//	url, err := emu.Start("")            // http://127.0.0.1:40123
//	defer emu.Close()
//	err = emu.Recharge(emulator.Sandbox, emulator.OpenIDOf("alice"), "1", 100)
//	err = emu.Script("pay", emulator.Fault{Kind: emulator.Fail}) // the next deduction takes, but answers -1
//
// It answers the eight Midas paths of V1 (/cgi-bin/midas/[sandbox/]{getbalance,pay,cancelpay,present}), the five of V2
// (/wxa/game/{getbalance,pay,cancelpay,present,queryorderinfo}) on the same accounts, the tokens
// (/cgi-bin/stable_token, /cgi-bin/token) and the login (/sns/jscode2session, /wxa/checksession,
// /wxa/resetusersessionkey). A business failure is HTTP 200 with an errcode, as at WeChat. Where sources disagree
// about Midas, [Config] has a switch; the zero value is the documentation of 2018.
//
// # Money
//
// [Server.PayCoins] and [Server.PayGoods] stand in for the client's calls of wx: the player pays, coins reach the
// balance, and the game's server is told by a push (§3.7), late, twice or never as [Fate] has it. Pushes go where
// Config.Push or PushTo says, and are repeated on the emulator's clock until they are acknowledged or given up:
//
//	err = emu.PushTo(emulator.PushConfig{URL: game.URL + "/midas/push", Token: "token"})
//	err = emu.PayGoods(openid, signData, paySig, signature, emulator.Fate{PushAfter: time.Minute})
//	emu.Advance(time.Minute)
//	err = emu.FlushPushes(ctx) // the push has been answered
//
// # Control
//
// What Go code does with the methods of [Server], other programs do over HTTP under /_emulator/ on the same
// address. It has no password: listen on loopback. Bodies and answers are JSON, durations texts like "48h", a
// mistake answers 400 with {"error": …}; GET /_emulator/ lists all this.
//
//	POST /_emulator/recharge        {"env":"sandbox","openid":…,"zone_id":"1","coins":100,"after":"30s"}
//	POST /_emulator/faults          {"api":"pay","faults":[{"probability":0.1,"fault":{"kind":"hang","commit":true}}]}
//	POST /_emulator/script          {"api":"pay","faults":[{"kind":"fail"},{"kind":"slow","delay":"2s"}]}
//	POST /_emulator/outage          {"kind":"hang"}: what meets every Midas call from now on
//	POST /_emulator/recover         {}: ends the outage
//	POST /_emulator/clock/advance   {"by":"48h"}
//	POST /_emulator/code            {"openid":…} or {"name":"alice"}: a login code
//	POST /_emulator/pay/coins       {"openid":…,"offer_id":…,"mode":"game","currency_type":"CNY","env":1,"buy_quantity":60,"fate":{"credit_after":"30s"}}
//	POST /_emulator/pay/goods       {"openid":…,"sign_data":…,"pay_sig":…,"signature":…,"fate":{"push_after":"1m","repeat":1}}
//	POST /_emulator/store/purchase  {"env":"sandbox","openid":…,"zone_id":"1","product_id":…,"quantity":1,"price_fen":600}
//	POST /_emulator/refund          {"env":"sandbox","out_trade_no":…,"fen":600,"source":2}
//	POST /_emulator/push/to         {"url":…,"token":…,"encoding_aes_key":…,"xml":false}
//	POST /_emulator/push/mock       {"event":"minigame_coin_deliver_completed"}
//	POST /_emulator/push/flush      {}: answers when what is due has been sent
//	POST /_emulator/session/expire  {"openid":…}
//	POST /_emulator/token/kill      {}
//	POST /_emulator/reset           {}: forgets everything but the Config
//	GET  /_emulator/outage          {"outage":{"kind":"hang"}}, or null
//	GET  /_emulator/account         ?env=sandbox&openid=…&zone_id=1
//	GET  /_emulator/bills           ?env=…&openid=…, both optional
//	GET  /_emulator/trades          ?env=…&openid=…, both optional
//	GET  /_emulator/pushes          what became of each
//	GET  /_emulator/totals          the books
//	GET  /_emulator/calls           per API: how many, with which codes, under which faults
//
// # Concurrency
//
// Everything is guarded by one mutex, which is never held while waiting for a client, a delay or the disk. The
// goroutines are those of the HTTP server, and one that sends pushes once there is somewhere to send them; Close ends
// the requests and the pushes that hang and waits for all of them.
package emulator
