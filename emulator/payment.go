package emulator

// getBalance answers §1.3.
func (s *Server) getBalance(c *call) answer {
	a := s.books.report(c.order.accountKey)
	var first any = a.FirstSave
	if s.cfg.FirstSaveAsNumber {
		first = 2
		if a.FirstSave {
			first = 1
		}
	}
	return succeed(answer{
		"balance": a.Balance, "gen_balance": a.Present, "first_save": first, "save_amt": a.SaveAmt,
		"save_sum": a.SaveSum, "cost_sum": a.CostSum, "present_sum": a.PresentSum,
	})
}

// pay answers §1.4.
func (s *Server) pay(c *call) answer {
	bill, code := s.books.pay(c.order, c.now)
	s.changed()
	if code != codeOK {
		return s.refuse(code, c.order.BillNo)
	}
	used := "used_gen_balance"
	if s.cfg.UsedGenAmt {
		used = "used_gen_amt"
	}
	return succeed(answer{
		"bill_no": bill.BillNo, "balance": s.books.report(c.order.accountKey).Balance, used: bill.UsedPresent,
	})
}

// cancelPay answers §1.5.
func (s *Server) cancelPay(c *call) answer {
	bill, code := s.books.cancel(c.order, c.now)
	s.changed()
	if code != codeOK {
		return s.refuse(code, c.order.BillNo)
	}
	return succeed(answer{"bill_no": bill.BillNo})
}

// present answers §1.6.
func (s *Server) present(c *call) answer {
	bill, code := s.books.present(c.order, c.now)
	s.changed()
	if code != codeOK {
		return s.refuse(code, c.order.BillNo)
	}
	return succeed(answer{"bill_no": bill.BillNo, "balance": s.books.report(c.order.accountKey).Balance})
}

// refuse is the failure of a call that names a bill.
func (s *Server) refuse(code int, billNo string) answer {
	a := s.fail(code)
	if code == codeInsufficient && s.cfg.InsufficientAsSystemError {
		a = s.failText(codeSystem, "1034-131-0 余额不足") // as seen in May 2018 (§1.8)
	}
	a["bill_no"] = billNo
	return a
}

// midas wraps one of the four calls in the checks that they share.
func midas(do func(*Server, *call) answer) func(*Server, *call) answer {
	return func(s *Server, c *call) answer {
		if a := s.admit(c); a != nil {
			return a
		}
		return do(s, c)
	}
}

// admit checks a Midas call in the configured order; the answer is nil where all is well.
func (s *Server) admit(c *call) answer {
	if len(c.body) == 0 {
		return s.fail(codeEmptyBody)
	}
	for _, what := range s.cfg.Precedence {
		if a := s.check(what, c); a != nil {
			return a
		}
	}
	return nil
}

// acceptLate takes an order in without carrying it out: Midas is slow, the caller will give up. It is nil where
// there is nothing to carry out, because the call moves no coins or fails its checks.
func (s *Server) acceptLate(c *call, unseen bool) *pending {
	admit := s.admit
	if c.v2 {
		admit = s.admitV2
	}
	if !c.isPayment() || c.api == APIBalance || c.api == APIQuery || admit(c) != nil {
		return nil
	}
	if !unseen {
		s.books.markBusy(c.order)
	}
	return &pending{order: c.order, Unseen: unseen}
}
