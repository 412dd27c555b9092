# The mutants that tools/mutants.sh makes. Each breaks one promise, in the smallest way that compiles.

mutant payment "Midas is called before the bill number is stored" payment/purchase.go TestWithoutItsLedgerTheTillAsksNothingOfMidas \
  's/(\tfresh\.Lease = t\.lease\n)/$1\tif who, err := t.payer(ctx, fresh.OpenID, fresh.ZoneID, fresh.UserIP); err == nil {\n\t\tt.pay(ctx, fresh, who, true)\n\t}\n/'
mutant payment "a new bill number for each try" payment/drive.go TestALostAnswerIsAskedForUnderTheSameBillNumber \
  's/Player: who, BillNo: o\.BillNo, Amount: midas\.Coins\(o\.Amount\), Item: t\.items\[o\.ItemID\]\.Name,\n\t\}\)\n\ts = /Player: who, BillNo: o.BillNo + string(rune(97+o.Attempts)), Amount: midas.Coins(o.Amount), Item: t.items[o.ItemID].Name,\n\t})\n\ts = /'
mutant payment "delivered before the payment is stored" payment/drive.go TestADeliveryThatNeverWorksIsLeftToAnOperator \
  's/(\ts\.after = t\.rules\.afterPay\(o, sure, s\.said, t\.cfg\.Now\(\)\)\n)/$1\tif err == nil {\n\t\t_ = t.deliver(ctx, o)\n\t}\n/'
mutant payment "90012 is a failure" midas/codes.go TestEveryAnswerToPay \
  's/90012: of\(ErrBillExists, VerdictAlready/90012: of(ErrBillExists, VerdictRefused/'
mutant payment "the refund is forgotten" payment/drive.go TestARefusedDeliveryGivesTheCoinsBack \
  's/(func \(t \*Till\) cancelPay\(.*\n)/$1\tif o.State == ledger.Refunding {\n\t\ts.after = moved(o, ledger.Cancelled, "given back")\n\t\treturn s\n\t}\n/'
mutant payment "a refusal while a call is out ends the order" payment/decide.go TestEveryAnswerToPay \
  's/case verdict == midas\.VerdictRefused && sure:/case verdict == midas.VerdictRefused:/'
mutant payment "orders are called back while a call may be on its way" payment/payment.go TestCancellingAnOrderInDoubt \
  's/(quiet: +)2 \* cfg\.Timeout/${1}0/; s/t\.fence = t\.rules\.quiet/t.fence = 2 * cfg.Timeout/'
mutant payment "old bill numbers are sent again" payment/decide.go TestOldOrdersAreLeftToAnOperator \
  's/const billLife = 47 \* time\.Hour/const billLife = 4700 * time.Hour/'
mutant payment "Midas is never asked about goods" payment/decide.go TestEveryAnswerAboutGoods \
  's/case err == nil && info\.Paid:/case err == nil && info.Paid && now.IsZero():/'
mutant payment "a push is answered before it is on disk" payment/push.go TestGoodsAreDeliveredOnceTheyArePaidFor \
  's/return t\.goodsPaid\(ctx, p\)/go func() { _ = t.goodsPaid(ctx, p) }()\n\t\treturn nil/'
mutant payment "refunded goods are delivered" payment/trade.go TestRefundsOfGoods \
  's/moved\(g, ledger\.Cancelled, "the money was given back before/moved(g, ledger.Paid, "the money was given back before/g'
mutant payment "goods are granted for money of another environment" payment/push.go TestPushesThatAreNotForThisTill \
  's/p\.Sandbox != t\.cfg\.Sandbox/p.Sandbox != t.cfg.Sandbox \&\& p.Mock/'

stale=TestAChangeBasedOnWhatWasReadBeforeTheOrderWasTakenIsRefused
mutant ledger "a change without its version check" ledger/rows.go $stale \
  's/WHERE bill_no = \? AND version = \? AND state = \?`/WHERE bill_no = ? AND (version = ? OR 1 = 1) AND state = ?`/'
mutant ledger "an order that is resumed keeps its version" ledger/orders.go $stale \
  's/SET due_at = \?, parked = 0, version = version \+ 1/SET due_at = ?, parked = 0/'
mutant ledger "an order that is claimed keeps its version" ledger/orders.go $stale \
  's/(UPDATE midas_orders SET due_at = \?, )version = version \+ 1, /$1/; s/\t\t\to\.Version\+\+\n//'
mutant ledger "leases do not count" ledger/due.go TestDueOrdersAreClaimedOnce \
  's/\(leased_until <= ` \+ l\.dialect\.now \+ ` OR due_at <= \?\)/(1 = 1 OR due_at <= ?)/'
mutant ledger "a login leaves the lease of an order that it makes due" ledger/orders.go TestAParkedOrderThatIsClaimedIsDueAtOnceWhenItsPlayerLogsIn \
  's/(SET due_at = \?, parked = 0, version = version \+ 1), leased_until = 0/$1/'
mutant ledger "a list of what is due begins anew on each page" ledger/due.go TestDueOrdersAreListedInPages \
  's/\(due_at, bill_no\) > \(\?, \?\)/(due_at, bill_no) >= (?, ?)/'
mutant ledger "whose the ledger is does not matter" ledger/identity.go TestALedgerIsOpenedOnlyByThoseWhoseItIs \
  's/&& \*f\.value != t \{\n\t\t\treturn false/&& *f.value != t {\n\t\t\treturn true/'
mutant payment "a player with very many due orders is all that the runner looks at" payment/turns.go \
  TestAPlayerWithVeryManyDueOrdersHoldsUpNobody \
  's/s\.last = walked\[walkPage-1\]/_ = walked/'
mutant payment "a refund that somebody works on is made due" ledger/trades.go TestAProcessMayDieBetweenAnyTwoSteps/sqlite/granted_by_the_game/the_money_goes_back \
  's/AND due_at > \? AND leased_until <= ` \+ l\.dialect\.now, /AND due_at > ? AND leased_until <= 9e15`, /; s/AND due_at > \? AND leased_until <= `\+l\.dialect\.now\)/AND due_at > ?`)/'
mutant payment "a till starts on anybody's ledger" payment/payment.go TestATillDoesNotStartOnALedgerOfAnotherEnvironmentOrProtocol \
  's/t\.cfg\.Ledger\.Belongs\(ctx, t\.identity\(\)\)/t.cfg.Ledger.Belongs(ctx, ledger.Identity{})/'

mutant payment "the mark is not stored again before a repeat" payment/drive.go TestTheMarkIsStoredAgainBeforeARepeat \
  's/unmarked := o\.UnsureSince\.IsZero\(\)/unmarked := o.UnsureSince.IsZero() \&\& o.State == ledger.Created/'
mutant payment "the fence of a new order counts from after its write" payment/purchase.go TestTheFenceOfANewOrderCountsFromBeforeItsWrite \
  's/\tbegan := time\.Now\(\)\n(.*\n)/$1\tbegan := time.Now()\n/'
price=TestAnOrderIsPaidAndGivenBackAtThePriceItWasMadeAt
mutant payment "today's price is paid" payment/drive.go $price \
  's/(Midas\.Pay\(.*\n.*Amount: midas\.Coins\()o\.Amount/$1int64(t.items[o.ItemID].Price)*o.Quantity/'
mutant payment "today's price is given back" payment/drive.go $price \
  's/(Midas\.CancelPay\(.*\n.*Amount: midas\.Coins\()o\.Amount/$1int64(t.items[o.ItemID].Price)*o.Quantity/'
mutant payment "tries are counted on in the next state" payment/decide.go TestTriesAreCountedAnewInEachState \
  's/o\.Attempts, o\.DueAt, o\.Lease, o\.Parked = 0, /o.Attempts, o.DueAt, o.Lease, o.Parked = o.Attempts, /'
out=TestAClaimThatHasRunOutIsHandedToNobody
mutant payment "a claim that has run out is handed over" payment/runner.go $out \
  's/if a\.order\.DueAt\.After\(now\) && /if /; s/\tnow := t\.cfg\.Now\(\)\n\tfor _, a := range waiting/\tfor _, a := range waiting/'
mutant payment "a claim that has run out is handed over once the ledger answers" payment/again.go $out \
  's/case a\.fact == nothing && !a\.order\.DueAt\.After\(now\):/case a.fact == nothing \&\& a.order.DueAt.IsZero():/'
mutant payment "decisions are cut off by the stop" payment/drive.go TestWhatTheHostHasGrantedIsStoredThoughTheStopCutsItOff \
  's/Advance\(context\.WithoutCancel\(span\), /Advance(span, /'
mutant payment "a session key that cannot be read counts as sent" payment/account.go TestASessionKeyThatCannotBeReadIsNoAttempt \
  's/return midas\.Player\{\}, notSent\{err\}/return midas.Player{}, err/'
mutant payment "a call has no end of its own" payment/drive.go TestACallEndsBeforeItsOrderMayBeCalledBack \
  's/context\.WithDeadline\(ctx, d\.since\.Add\(t\.fence\)\)/context.WithCancel(ctx)/'
mutant payment "a frozen server sends its call all the same" payment/drive.go TestACallIsNotSentPastItsFence \
  's/context\.WithDeadline\(ctx, d\.since\.Add\(t\.fence\)\)/context.WithCancel(ctx)/; s/time\.Since\(d\.since\) > t\.fence\/2/time.Since(d.since) < 0/'
mutant payment "nobody looks after what was never deducted" payment/decide.go "TestADeductionThatLandsLateIsGivenBack/3s_late,_V2_false" \
  's/\t\to\.RecheckAt = now\.Add\(jitter\(r\.firstRecheck\)\)\n//'
mutant payment "what an overtaken server has learned is dropped" payment/drive.go TestWhatAnOvertakenServerKnowsIsWrittenToTheOrder \
  's/\t\tt\.learn\(ctx, o, next\.fact\)\n/\t\t_ = ctx\n/'
mutant payment "a session key that was refused is thrown away" payment/session.go TestAKeyThatMidasHasRefusedIsKeptAndTriedLast \
  's/return append\(slices\.Delete\(slices\.Clone\(kept\), i, i\+1\), kept\[i\]\)/return slices.Delete(slices.Clone(kept), i, i+1)/'
mutant payment "the other session keys are not tried in the call itself" payment/keyring.go TestTheKeyBeforeIsTriedBeforeAnOrderWaitsForALogin \
  's/next == "" \|\| ctx\.Err/next == next || ctx.Err/' \
  "a login's own question and the parking of an order look for another key, too: the call is made with it a little later"
