#!/usr/bin/env bash
# Breaks the code on purpose, one promise at a time, in a copy of it, and fails unless a test notices each time.
#
#   tools/mutants.sh [name]
set -euo pipefail
cd "$(dirname "$0")/.."

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

# mutant NAME FILE PERL: what is broken, where, and how. The edit must change the file, or it tests nothing. tests names those
# that have to notice.
mutant() {
  local name=$1 file=$2 edit=$3
  [ -z "${only:-}" ] || [ "$only" = "$name" ] || return 0
  rm -rf "$copy"/* && tar -c --exclude=.git --exclude=node_modules . | tar -x -C "$copy"
  perl -0pi -e "$edit" "$copy/$file"
  if cmp -s "$copy/$file" "$file"; then
    echo "$name: the code to break is no longer there" >&2; exit 1
  fi
  local output
  if output=$(cd "$copy" && go test -failfast ./payment -run "$tests" 2>&1); then
    echo "$name: NO TEST NOTICED" >&2; exit 1
  elif grep -q '\[build failed\]' <<<"$output"; then
    echo "$name: does not compile" >&2; echo "$output" | head >&2; exit 1
  fi
  echo "$name: noticed by $(grep -oE '^ *--- FAIL: [A-Za-z0-9]+' <<<"$output" | awk '{print $3}' | sort -u | tr '\n' ' ')"
}

only=${1:-}
tests=TestAnAuditOfGoodBooksFindsNothing mutant "Midas is called before the bill number is stored" payment/purchase.go \
  's/(\to, created, err := t\.cfg\.Ledger\.Create\(ctx, )t\.newOrder\(p, o\)\)/\to = t.newOrder(p, o)\n\tt.pay(ctx, o, true)\n$1o)/'
tests=TestAnAuditOfGoodBooksFindsNothing mutant "a new bill number for each try" payment/drive.go \
  's/Player: who, BillNo: o\.BillNo, Amount: midas\.Coins\(o\.Amount\), Item/Player: who, BillNo: o.BillNo + string(rune(97+o.Attempts)), Amount: midas.Coins(o.Amount), Item/'
tests=TestADeliveryThatNeverWorksIsLeftToAnOperator mutant "delivered before the payment is stored" payment/drive.go \
  's/(\tafter = t\.rules\.afterPay\(o, sure, err, t\.cfg\.Now\(\)\)\n\tif err != nil \{\n\t\treturn after, nil, err\n\t\}\n)/$1\t_ = t.deliver(ctx, o)\n/'
tests=TestEveryAnswerToPay mutant "90012 is a failure" midas/codes.go \
  's/90012: of\(ErrBillExists, VerdictAlready/90012: of(ErrBillExists, VerdictRefused/'
tests=TestAnAuditOfGoodBooksFindsNothing mutant "the refund is forgotten" payment/drive.go \
  's/\t\t\tafter, said = t\.cancelPay\(ctx, o\)/\t\t\tif after, said = t.cancelPay(ctx, o); o.State == ledger.Refunding {\n\t\t\t\tafter = moved(o, ledger.Cancelled, "given back")\n\t\t\t}/; s/(func \(t \*Till\) cancelPay\(ctx context\.Context, o ledger\.Order\) \(after ledger\.Order, err error\) \{\n)/$1\tif o.State == ledger.Refunding {\n\t\treturn o, nil\n\t}\n/'
tests=TestEveryAnswerToPay mutant "a refusal while a call is out ends the order" payment/decide.go \
  's/case verdict == midas\.VerdictRefused && sure:\n\t\treturn moved\(o, ledger\.Failed, o\.Note\)\n\tcase errors/case verdict == midas.VerdictRefused:\n\t\treturn moved(o, ledger.Failed, o.Note)\n\tcase errors/'
tests=TestCancellingAnOrderInDoubt mutant "orders are called back while a call may be on its way" payment/payment.go \
  's/quiet: 2 \* cfg\.Timeout/quiet: 0/'
tests=TestEveryAnswerToPay mutant "old bill numbers are sent again" payment/decide.go \
  's/const billLife = 47 \* time\.Hour/const billLife = 4700 * time.Hour/'
tests=TestEveryAnswerAboutGoods mutant "Midas is never asked about goods" payment/decide.go \
  's/case err == nil && info\.Paid:/case err == nil && info.Paid && now.IsZero():/'
tests=TestGoodsAreDelivered mutant "a push is answered before it is on disk" payment/push.go \
  's/return unavailable\(t\.goodsPaid\(ctx, p\)\)/go func() { _ = t.goodsPaid(ctx, p) }()\n\t\treturn nil/'
tests=TestRefundsOfGoods mutant "refunded goods are delivered" payment/refund.go \
  's/case unpaid && r\.Whole:/case unpaid && r.Whole && r.Fen == 0:/'
tests=TestPushesThatAreNotForThisTill mutant "goods are granted for money of another environment" payment/push.go \
  's/p\.Sandbox != t\.cfg\.Sandbox/p.Sandbox != t.cfg.Sandbox \&\& p.Mock/'
