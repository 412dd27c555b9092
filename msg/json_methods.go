package msg

// encoding/json, and with it Leaf's JSON processor, finds these on every message. What they do is in json.go.

// MarshalJSON writes every field, zeros included but for those that the message has got later. It fails if an integer exceeds [MaxInt].
func (x *MidasLogin) MarshalJSON() ([]byte, error) { return marshalJSON(x) }

// UnmarshalJSON never fails; [Fault] tells what could not be read.
func (x *MidasLogin) UnmarshalJSON(data []byte) error { unmarshalJSON(x, data); return nil }

// MarshalJSON writes every field, zeros included but for those that the message has got later. It fails if an integer exceeds [MaxInt].
func (x *MidasGetBalance) MarshalJSON() ([]byte, error) { return marshalJSON(x) }

// UnmarshalJSON never fails; [Fault] tells what could not be read.
func (x *MidasGetBalance) UnmarshalJSON(data []byte) error { unmarshalJSON(x, data); return nil }

// MarshalJSON writes every field, zeros included but for those that the message has got later. It fails if an integer exceeds [MaxInt].
func (x *MidasPurchase) MarshalJSON() ([]byte, error) { return marshalJSON(x) }

// UnmarshalJSON never fails; [Fault] tells what could not be read.
func (x *MidasPurchase) UnmarshalJSON(data []byte) error { unmarshalJSON(x, data); return nil }

// MarshalJSON writes every field, zeros included but for those that the message has got later. It fails if an integer exceeds [MaxInt].
func (x *MidasRecharge) MarshalJSON() ([]byte, error) { return marshalJSON(x) }

// UnmarshalJSON never fails; [Fault] tells what could not be read.
func (x *MidasRecharge) UnmarshalJSON(data []byte) error { unmarshalJSON(x, data); return nil }

// MarshalJSON writes every field, zeros included but for those that the message has got later. It fails if an integer exceeds [MaxInt].
func (x *MidasRechargeDone) MarshalJSON() ([]byte, error) { return marshalJSON(x) }

// UnmarshalJSON never fails; [Fault] tells what could not be read.
func (x *MidasRechargeDone) UnmarshalJSON(data []byte) error { unmarshalJSON(x, data); return nil }

// MarshalJSON writes every field, zeros included but for those that the message has got later. It fails if an integer exceeds [MaxInt].
func (x *MidasListOrders) MarshalJSON() ([]byte, error) { return marshalJSON(x) }

// UnmarshalJSON never fails; [Fault] tells what could not be read.
func (x *MidasListOrders) UnmarshalJSON(data []byte) error { unmarshalJSON(x, data); return nil }

// MarshalJSON writes every field, zeros included but for those that the message has got later. It fails if an integer exceeds [MaxInt].
func (x *MidasLoginResult) MarshalJSON() ([]byte, error) { return marshalJSON(x) }

// UnmarshalJSON never fails; [Fault] tells what could not be read.
func (x *MidasLoginResult) UnmarshalJSON(data []byte) error { unmarshalJSON(x, data); return nil }

// MarshalJSON writes every field, zeros included but for those that the message has got later. It fails if an integer exceeds [MaxInt].
func (x *MidasBalance) MarshalJSON() ([]byte, error) { return marshalJSON(x) }

// UnmarshalJSON never fails; [Fault] tells what could not be read.
func (x *MidasBalance) UnmarshalJSON(data []byte) error { unmarshalJSON(x, data); return nil }

// MarshalJSON writes every field, zeros included but for those that the message has got later. It fails if an integer exceeds [MaxInt].
func (x *MidasPurchaseResult) MarshalJSON() ([]byte, error) { return marshalJSON(x) }

// UnmarshalJSON never fails; [Fault] tells what could not be read.
func (x *MidasPurchaseResult) UnmarshalJSON(data []byte) error { unmarshalJSON(x, data); return nil }

// MarshalJSON writes every field, zeros included but for those that the message has got later. It fails if an integer exceeds [MaxInt].
func (x *MidasRechargeOptions) MarshalJSON() ([]byte, error) { return marshalJSON(x) }

// UnmarshalJSON never fails; [Fault] tells what could not be read.
func (x *MidasRechargeOptions) UnmarshalJSON(data []byte) error { unmarshalJSON(x, data); return nil }

// MarshalJSON writes every field, zeros included but for those that the message has got later. It fails if an integer exceeds [MaxInt].
func (x *MidasRechargeResult) MarshalJSON() ([]byte, error) { return marshalJSON(x) }

// UnmarshalJSON never fails; [Fault] tells what could not be read.
func (x *MidasRechargeResult) UnmarshalJSON(data []byte) error { unmarshalJSON(x, data); return nil }

// MarshalJSON writes every field, zeros included but for those that the message has got later. It fails if an integer exceeds [MaxInt].
func (x *MidasOrder) MarshalJSON() ([]byte, error) { return marshalJSON(x) }

// UnmarshalJSON never fails; [Fault] tells what could not be read.
func (x *MidasOrder) UnmarshalJSON(data []byte) error { unmarshalJSON(x, data); return nil }

// MarshalJSON writes every field, zeros included but for those that the message has got later. It fails if an integer exceeds [MaxInt].
func (x *MidasOrders) MarshalJSON() ([]byte, error) { return marshalJSON(x) }

// UnmarshalJSON never fails; [Fault] tells what could not be read.
func (x *MidasOrders) UnmarshalJSON(data []byte) error { unmarshalJSON(x, data); return nil }

// MarshalJSON writes every field, zeros included but for those that the message has got later. It fails if an integer exceeds [MaxInt].
func (x *MidasError) MarshalJSON() ([]byte, error) { return marshalJSON(x) }

// UnmarshalJSON never fails; [Fault] tells what could not be read.
func (x *MidasError) UnmarshalJSON(data []byte) error { unmarshalJSON(x, data); return nil }

// MarshalJSON writes every field, zeros included but for those that the message has got later. It fails if an integer exceeds [MaxInt].
func (x *MidasServiceState) MarshalJSON() ([]byte, error) { return marshalJSON(x) }

// UnmarshalJSON never fails; [Fault] tells what could not be read.
func (x *MidasServiceState) UnmarshalJSON(data []byte) error { unmarshalJSON(x, data); return nil }

// MarshalJSON writes every field, zeros included but for those that the message has got later. It fails if an integer exceeds [MaxInt].
func (x *MidasBuyGoods) MarshalJSON() ([]byte, error) { return marshalJSON(x) }

// UnmarshalJSON never fails; [Fault] tells what could not be read.
func (x *MidasBuyGoods) UnmarshalJSON(data []byte) error { unmarshalJSON(x, data); return nil }

// MarshalJSON writes every field, zeros included but for those that the message has got later. It fails if an integer exceeds [MaxInt].
func (x *MidasGoodsOptions) MarshalJSON() ([]byte, error) { return marshalJSON(x) }

// UnmarshalJSON never fails; [Fault] tells what could not be read.
func (x *MidasGoodsOptions) UnmarshalJSON(data []byte) error { unmarshalJSON(x, data); return nil }

// MarshalJSON writes every field, zeros included but for those that the message has got later. It fails if an integer exceeds [MaxInt].
func (x *MidasGetCatalogue) MarshalJSON() ([]byte, error) { return marshalJSON(x) }

// UnmarshalJSON never fails; [Fault] tells what could not be read.
func (x *MidasGetCatalogue) UnmarshalJSON(data []byte) error { unmarshalJSON(x, data); return nil }

// MarshalJSON writes every field, zeros included but for those that the message has got later. It fails if an integer exceeds [MaxInt].
func (x *MidasCatalogueItem) MarshalJSON() ([]byte, error) { return marshalJSON(x) }

// UnmarshalJSON never fails; [Fault] tells what could not be read.
func (x *MidasCatalogueItem) UnmarshalJSON(data []byte) error { unmarshalJSON(x, data); return nil }

// MarshalJSON writes every field, zeros included but for those that the message has got later. It fails if an integer exceeds [MaxInt].
func (x *MidasRechargeOffer) MarshalJSON() ([]byte, error) { return marshalJSON(x) }

// UnmarshalJSON never fails; [Fault] tells what could not be read.
func (x *MidasRechargeOffer) UnmarshalJSON(data []byte) error { unmarshalJSON(x, data); return nil }

// MarshalJSON writes every field, zeros included but for those that the message has got later. It fails if an integer exceeds [MaxInt].
func (x *MidasCatalogue) MarshalJSON() ([]byte, error) { return marshalJSON(x) }

// UnmarshalJSON never fails; [Fault] tells what could not be read.
func (x *MidasCatalogue) UnmarshalJSON(data []byte) error { unmarshalJSON(x, data); return nil }
