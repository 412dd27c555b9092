var __defProp = Object.defineProperty;
var __defProps = Object.defineProperties;
var __getOwnPropDescs = Object.getOwnPropertyDescriptors;
var __getOwnPropSymbols = Object.getOwnPropertySymbols;
var __hasOwnProp = Object.prototype.hasOwnProperty;
var __propIsEnum = Object.prototype.propertyIsEnumerable;
var __defNormalProp = (obj, key, value) => key in obj ? __defProp(obj, key, { enumerable: true, configurable: true, writable: true, value }) : obj[key] = value;
var __spreadValues = (a, b) => {
  for (var prop in b || (b = {}))
    if (__hasOwnProp.call(b, prop))
      __defNormalProp(a, prop, b[prop]);
  if (__getOwnPropSymbols)
    for (var prop of __getOwnPropSymbols(b)) {
      if (__propIsEnum.call(b, prop))
        __defNormalProp(a, prop, b[prop]);
    }
  return a;
};
var __spreadProps = (a, b) => __defProps(a, __getOwnPropDescs(b));

// src/wire.ts
var reasons = ["UNSPECIFIED", "QUERY", "LOGIN", "PURCHASE", "CANCEL", "RECHARGE", "PRESENT", "REMOTE"];
var orderStates = ["UNSPECIFIED", "PENDING", "DELIVERED", "FAILED", "CANCELLED"];
var serviceReasons = ["UNSPECIFIED", "PAUSED", "UNREACHABLE"];
var rechargeStates = ["UNSPECIFIED", "CREDITED", "PENDING", "CANCELLED", "FAILED"];
var errorCodes = [
  "UNSPECIFIED",
  "INVALID_ARGUMENT",
  "NOT_LOGGED_IN",
  "SESSION_EXPIRED",
  "UNKNOWN_ITEM",
  "INSUFFICIENT_BALANCE",
  "BAD_TIER",
  "UNSUPPORTED_PLATFORM",
  "RATE_LIMITED",
  "BUSY",
  "UNAVAILABLE",
  "NOT_PERMITTED",
  "INTERNAL",
  "PRICE_CHANGED",
  "LIMIT_REACHED",
  "NOT_GRANTED"
];
var text = (v) => typeof v === "string" ? v : "";
var amount = (v) => typeof v === "number" && Number.isSafeInteger(v) ? v : 0;
var flag = (v) => v === true;
var named = (names) => (v) => {
  var _a;
  return (_a = names[amount(v)]) != null ? _a : "UNSPECIFIED";
};
var error = { request_id: text, code: named(errorCodes), message: text, retryable: flag, retry_after_ms: amount, price: amount, nearest_below: amount, nearest_above: amount };
var order = {
  bill_no: text,
  request_id: text,
  item_id: text,
  quantity: amount,
  amount,
  state: named(orderStates),
  created_unix: amount
};
var list = (fields) => (v) => Array.isArray(v) ? v.filter(isBody).map((one) => read(fields, one)) : [];
var item = { item_id: text, name: text, price: amount, fen: amount, limit_left: amount };
var record = {
  request_id: text,
  buy_quantity: amount,
  coins: amount,
  fen: amount,
  state: named(rechargeStates),
  late: flag,
  created_unix: amount,
  updated_unix: amount,
  out_trade_no: text,
  mch_order_no: text,
  transaction_id: text
};
var offer = { buy_quantity: amount, fen: amount, first_save: flag };
var incoming = {
  MidasLoginResult: { openid: text },
  MidasBalance: {
    request_id: text,
    balance: amount,
    present_balance: amount,
    first_save: flag,
    save_amt: amount,
    save_sum: amount,
    cost_sum: amount,
    present_sum: amount,
    reason: named(reasons),
    bill_no: text,
    version: amount,
    stale: flag,
    as_of_unix: amount,
    center_balance: amount
  },
  MidasPurchaseResult: {
    request_id: text,
    bill_no: text,
    item_id: text,
    quantity: amount,
    amount,
    state: named(orderStates),
    error: (v) => isBody(v) ? read(error, v) : void 0,
    balance: amount
  },
  MidasRechargeOptions: {
    request_id: text,
    mode: text,
    env: amount,
    offer_id: text,
    currency_type: text,
    platform: text,
    buy_quantity: amount,
    zone_id: text,
    out_trade_no: text,
    sign_data: text,
    pay_sig: text,
    signature: text
  },
  MidasRechargeResult: { request_id: text, state: named(rechargeStates), coins: amount },
  MidasOrders: { orders: list(order), more: flag },
  MidasRecharges: { request_id: text, recharges: list(record), more: flag },
  MidasError: error,
  MidasServiceState: { available: flag, retry_after_ms: amount, reason: named(serviceReasons) },
  MidasGoodsOptions: { request_id: text, sign_data: text, pay_sig: text, signature: text },
  MidasCatalogue: {
    request_id: text,
    version: amount,
    items: list(item),
    recharges: list(offer),
    can_recharge: flag,
    reason: text,
    more: flag
  }
};
function readMessage(name, body) {
  const fields = Object.prototype.hasOwnProperty.call(incoming, name) ? incoming[name] : void 0;
  return fields && { name, body: read(fields, body) };
}
function isBody(v) {
  return typeof v === "object" && v !== null && !Array.isArray(v);
}
function read(fields, body) {
  var _a;
  const out = {};
  for (const key of Object.keys(fields)) {
    const value = (_a = fields[key]) == null ? void 0 : _a.call(fields, body[key]);
    if (value !== void 0) {
      out[key] = value;
    }
  }
  return out;
}

// src/codec.ts
var json = {
  binary: false,
  encode: (name, body) => JSON.stringify({ [name]: body }),
  decode(data) {
    let frame;
    try {
      frame = JSON.parse(typeof data === "string" ? data : utf8(new Uint8Array(data)));
    } catch (e) {
      return void 0;
    }
    const names = isBody(frame) ? Object.keys(frame) : [];
    const name = names[0];
    if (!isBody(frame) || names.length !== 1 || name === void 0) {
      return void 0;
    }
    const body = frame[name];
    return isBody(body) ? { name, body } : void 0;
  }
};
function utf8(bytes) {
  var _a, _b, _c, _d;
  let out = "";
  for (let i = 0; i < bytes.length; ) {
    const first = (_a = bytes[i++]) != null ? _a : 0;
    const more = first < 128 ? 0 : first >> 5 === 6 ? 1 : first >> 4 === 14 ? 2 : first >> 3 === 30 ? 3 : -1;
    let point = more === 0 ? first : first & 63 >> more;
    let left = more;
    while (left > 0 && (((_b = bytes[i]) != null ? _b : 0) & 192) === 128) {
      point = point << 6 | ((_c = bytes[i++]) != null ? _c : 0) & 63;
      left--;
    }
    const whole = more >= 0 && left === 0 && point <= 1114111 && point >= ((_d = least[more]) != null ? _d : 0) && point >> 11 !== 27;
    out += String.fromCodePoint(whole ? point : 65533);
  }
  return out;
}
var least = [0, 128, 2048, 65536];
function toUTF8(text2) {
  var _a;
  const bytes = [];
  for (const one of text2) {
    const p = (_a = one.codePointAt(0)) != null ? _a : 0;
    const point = p >> 11 === 27 ? 65533 : p;
    if (point < 128) {
      bytes.push(point);
    } else if (point < 2048) {
      bytes.push(192 | point >> 6, 128 | point & 63);
    } else if (point < 65536) {
      bytes.push(224 | point >> 12, 128 | point >> 6 & 63, 128 | point & 63);
    } else {
      bytes.push(240 | point >> 18, 128 | point >> 12 & 63, 128 | point >> 6 & 63, 128 | point & 63);
    }
  }
  return Uint8Array.from(bytes);
}
var maxId = 64;
function validId(id) {
  if (typeof id !== "string" || id === "" || /[\u0000-\u001f\u007f-\u009f]/.test(id)) {
    return false;
  }
  const bytes = toUTF8(id);
  return bytes.length <= maxId && utf8(bytes) === id;
}

// src/error.ts
var MidasError = class extends Error {
  constructor(code, message, details = {}) {
    var _a, _b, _c, _d;
    super(`${code}: ${message}`);
    this.name = "MidasError";
    this.code = code;
    this.retryable = (_a = details.retryable) != null ? _a : false;
    this.retryAfterMs = (_b = details.retryAfterMs) != null ? _b : 0;
    this.requestId = (_c = details.requestId) != null ? _c : "";
    if (details.order) {
      this.order = details.order;
    }
    if (details.errCode !== void 0) {
      this.errCode = details.errCode;
    }
    if (details.price) {
      this.price = details.price;
    }
    if ((_d = details.nearest) == null ? void 0 : _d.length) {
      this.nearest = details.nearest;
    }
  }
};
function refusal(e) {
  return new MidasError(e.code, e.message, {
    retryable: e.retryable,
    retryAfterMs: e.retry_after_ms,
    requestId: e.request_id,
    price: e.price,
    nearest: [e.nearest_below, e.nearest_above].filter((n) => n > 0)
  });
}
function orderEnd(r) {
  var _a, _b, _c;
  const own = r.state === "CANCELLED" ? "ORDER_CANCELLED" : "ORDER_FAILED";
  const vague = !r.error || r.error.code === "UNAVAILABLE" || r.error.code === "INTERNAL" || r.error.code === "UNSPECIFIED";
  return new MidasError(r.error && !vague ? r.error.code : own, ((_a = r.error) == null ? void 0 : _a.message) || "the order ended without the item", {
    retryable: (_c = (_b = r.error) == null ? void 0 : _b.retryable) != null ? _c : false,
    requestId: r.request_id,
    order: r
  });
}
function disputed(r) {
  var _a;
  const why = ((_a = r.error) == null ? void 0 : _a.message) || "this order is being looked into";
  return new MidasError("INTERNAL", `${why} (bill ${r.bill_no})`, { retryable: true, requestId: r.request_id, order: r });
}
var meanings = {
  [-1]: { says: "WeChat had a failure", retryable: true },
  [-2]: { code: "PAYMENT_CANCELLED", says: "the payment was cancelled" },
  [-6]: { says: "an option has the wrong type" },
  [-15001]: { says: "an option is missing" },
  [-15002]: { says: "an option is not valid" },
  [-15003]: { says: "the order number was used before" },
  [-15004]: { says: "WeChat's back end had a failure", retryable: true },
  [-15005]: { says: "the game may not use virtual payment" },
  [-15006]: { says: "the currency is not supported, or the game may not use virtual payment" },
  [-15009]: { says: "over the limit of the health system for minors; WeChat has told the player" },
  [-15010]: { says: "a released game cannot pay in the sandbox" },
  [-15011]: { says: "an option has the wrong type" },
  [-15012]: { says: "the signature is not valid" },
  [-15013]: { says: "the coin is not published" },
  [-15014]: { says: "paySig is not valid" },
  [-15015]: { code: "SESSION_EXPIRED", says: "the player's session has expired", retryable: true },
  [-15016]: { says: "the price is not the one in the back office" },
  [-15017]: { says: "the order is closed" },
  1: { code: "PAYMENT_CANCELLED", says: "the player cancelled" },
  2: { code: "PAYMENT_BUSY", says: "another payment is under way", retryable: true },
  3: { says: "Google Play was chosen and is not installed" },
  4: { says: "the telephone's payment is in an abnormal state" },
  5: { says: "the telephone's system reported an error" },
  6: { says: "another error" },
  7: { code: "PAYMENT_CANCELLED", says: "the payment was cancelled" },
  1e3: { says: "an option is wrong" },
  1001: { says: "the zone is not published, or an option is wrong" },
  1003: { says: "the coin or the zone is not published, or the merchant is banned" },
  1008: { says: "WeChat is busy", retryable: true },
  1016: { says: "WeChat is busy, or the sandbox is not published", retryable: true },
  3017: { says: "the item is not in the back office" },
  701001: { code: "UNSUPPORTED_PLATFORM", says: "this device, or the way it is set up, cannot pay" }
};
var paidAlready = -15007;
function paymentError(reason, requestId) {
  var _a, _b, _c;
  const given = typeof reason === "object" && reason !== null ? reason : { errMsg: reason };
  const number = typeof given.errCode === "number" || typeof given.errCode === "string" ? Number(given.errCode) : NaN;
  const known = Number.isSafeInteger(number) && number !== 0;
  const errCode = known ? number : -1;
  if (errCode === paidAlready) {
    return void 0;
  }
  const told = typeof given.errMsg === "string" ? given.errMsg : typeof given.message === "string" ? given.message : "";
  const meaning = (_a = meanings[errCode]) != null ? _a : { says: "the payment window reported a failure" };
  const cancelled = !known && /fail[\s:]*cancel/.test(told);
  const code = cancelled ? "PAYMENT_CANCELLED" : (_b = meaning.code) != null ? _b : "PAYMENT_FAILED";
  const message = `${cancelled ? "the player cancelled" : meaning.says} (errCode ${cancelled ? 1 : errCode}${told && ", " + told})`;
  return new MidasError(code, message, {
    retryable: !cancelled && ((_c = meaning.retryable) != null ? _c : false),
    requestId,
    errCode: cancelled ? 1 : errCode
  });
}

// src/platform.ts
function wxPlatform(global) {
  const wx2 = global;
  return {
    connect: (url, _binary, events) => wxSocket(wx2, url, events),
    loginCode: () => new Promise((resolve, reject) => wx2.login({ success: (r) => resolve(r.code), fail: reject })),
    // getDeviceInfo came later and is preferred; getSystemInfoSync is everywhere.
    platform: () => {
      var _a, _b, _c, _d, _e;
      return (_e = (_d = (_c = (_a = wx2.getDeviceInfo) == null ? void 0 : _a.call(wx2)) != null ? _c : (_b = wx2.getSystemInfoSync) == null ? void 0 : _b.call(wx2)) == null ? void 0 : _d.platform) != null ? _e : "";
    },
    device: () => deviceOf(wx2),
    support: () => supportOf(wx2),
    signsCoins: () => wx2.requestMidasPaymentGameItem !== void 0,
    requestCoins: (o) => new Promise((resolve, reject) => {
      if (!wx2.requestMidasPayment) {
        reject(notHere("requestMidasPayment"));
        return;
      }
      promised(wx2.requestMidasPayment(__spreadProps(__spreadValues(__spreadProps(__spreadValues({
        mode: o.mode,
        env: o.env,
        offerId: o.offer_id,
        currencyType: o.currency_type
      }, o.platform && { platform: o.platform }), {
        buyQuantity: o.buy_quantity,
        zoneId: o.zone_id
      }), o.out_trade_no && { outTradeNo: o.out_trade_no }), {
        success: () => resolve(),
        fail: reject
      })));
    }),
    requestGoods: (o) => new Promise((resolve, reject) => {
      if (!wx2.requestMidasPaymentGameItem) {
        reject(notHere("requestMidasPaymentGameItem"));
        return;
      }
      promised(wx2.requestMidasPaymentGameItem({
        signData: o.sign_data,
        paySig: o.pay_sig,
        signature: o.signature,
        success: () => resolve(),
        fail: reject
      }));
    })
  };
}
function deviceOf(wx2) {
  var _a, _b, _c, _d, _e, _f, _g, _h;
  const old = wx2.getDeviceInfo && wx2.getAppBaseInfo ? void 0 : (_a = wx2.getSystemInfoSync) == null ? void 0 : _a.call(wx2);
  const app = (_c = (_b = wx2.getAppBaseInfo) == null ? void 0 : _b.call(wx2)) != null ? _c : old;
  return { system: (_f = (_e = (_d = wx2.getDeviceInfo) == null ? void 0 : _d.call(wx2).system) != null ? _e : old == null ? void 0 : old.system) != null ? _f : "", wechat_version: (_g = app == null ? void 0 : app.version) != null ? _g : "", sdk_version: (_h = app == null ? void 0 : app.SDKVersion) != null ? _h : "" };
}
var needed = { system: "15", wechat_version: "8.0.68", sdk_version: "3.10.3" };
function supportOf(wx2) {
  var _a, _b, _c, _d;
  const platform = (_d = (_c = (_a = wx2.getDeviceInfo) == null ? void 0 : _a.call(wx2)) != null ? _c : (_b = wx2.getSystemInfoSync) == null ? void 0 : _b.call(wx2)) == null ? void 0 : _d.platform;
  const device = deviceOf(wx2);
  const old = Object.keys(needed).filter((what) => below(device[what], needed[what]));
  const missing = old.map((what) => `${{ system: "iOS", wechat_version: "WeChat", sdk_version: "base library" }[what]} ${needed[what]}`);
  if (platform === "ios" && (missing.length > 0 || !wx2.checkIsSupportMidasPayment)) {
    return Promise.resolve({ allowed: false, reason: `an iPhone needs ${missing.join(", ") || "a newer WeChat"} to pay` });
  }
  const ask = wx2.checkIsSupportMidasPayment;
  if (!ask) {
    return Promise.resolve({ allowed: true, reason: "" });
  }
  return new Promise((resolve) => ask.call(wx2, {
    success: ({ data }) => {
      var _a2, _b2;
      return resolve((data == null ? void 0 : data.allow_pay) === false ? { allowed: false, reason: `WeChat says ${(_a2 = data.err_code) != null ? _a2 : ""} ${(_b2 = data.err_msg) != null ? _b2 : ""}`.trim() } : { allowed: true, reason: "" });
    },
    fail: () => resolve({ allowed: true, reason: "" })
    // the payment window knows
  }));
}
function below(version, least2) {
  var _a, _b, _c;
  const has = (_a = /\d+(\.\d+)*/.exec(version)) == null ? void 0 : _a[0].split(".").map(Number);
  const needs = least2.split(".").map(Number);
  for (let i = 0; has && i < needs.length; i++) {
    const difference = ((_b = has[i]) != null ? _b : 0) - ((_c = needs[i]) != null ? _c : 0);
    if (difference !== 0) {
      return difference < 0;
    }
  }
  return false;
}
function notHere(call) {
  return { errCode: 6, errMsg: `${call}:fail not supported here` };
}
function promised(result) {
  if (result instanceof Promise) {
    result.catch(() => void 0);
  }
}
function wxSocket(wx2, url, events) {
  let over = false;
  const end = (reason) => {
    if (!over) {
      over = true;
      events.close(reason);
    }
  };
  const task = wx2.connectSocket({ url, fail: (e) => end(said(e) || "connectSocket failed") });
  task.onOpen(() => events.open());
  task.onMessage((r) => events.message(r.data));
  task.onClose((r) => {
    var _a;
    return end(r.reason || `closed with ${(_a = r.code) != null ? _a : "no code"}`);
  });
  task.onError((e) => end(said(e) || "socket error"));
  return {
    send: (data) => task.send({ data, fail: (e) => {
      task.close({});
      end(said(e) || "send failed");
    } }),
    close: () => {
      over = true;
      task.close({});
    }
  };
}
function said(e) {
  const text2 = e == null ? void 0 : e.errMsg;
  return typeof text2 === "string" ? text2 : "";
}

// src/connection.ts
function jitter(backoff, tries) {
  return Math.random() * Math.min(backoff.maxMs, backoff.firstMs * 2 ** tries);
}
var Connection = class {
  constructor(options, events) {
    this.options = options;
    this.events = events;
    this.state = "offline";
    /** Counts logins. */
    this.session = 0;
    /** Counts what has been heard. */
    this.heard = 0;
    /** There is a connection, or there will be one. */
    this.running = false;
    /** Counts connections. What belongs to an older one is not heard. */
    this.attempt = 0;
    this.tries = 0;
    /** No impatience makes it connect again before. */
    this.restUntil = 0;
    this.login = "none";
  }
  /** Connects, and again whenever the connection is lost. If it is waiting to do so, it does it now, unless it was lost this instant. */
  start() {
    if (this.state === "offline" && (!this.running || Date.now() >= this.restUntil)) {
      this.running = true;
      this.connect();
    }
  }
  close() {
    this.running = false;
    this.hangUp();
    this.set("closed");
  }
  /** Sends if there is a connection. */
  send(name, body) {
    if (this.state === "online") {
      this.write(name, body);
    }
  }
  /** Gets a fresh login code and logs in again, over the same connection. */
  relogin() {
    if (this.state === "online" && this.login === "none") {
      this.logIn();
    }
  }
  /** The server has answered: the next loss is the first again. */
  answered() {
    this.tries = 0;
  }
  /** Gives the connection up and makes another, no sooner than retryAfterMs from now. */
  drop(reason, retryAfterMs = 0) {
    this.hangUp();
    if (!this.running) {
      return;
    }
    this.restUntil = Date.now() + Math.max(retryAfterMs, this.options.backoff.firstMs);
    this.set("offline", reason);
    if (this.running) {
      this.timer = setTimeout(() => this.connect(), retryAfterMs + jitter(this.options.backoff, this.tries++));
    }
  }
  connect() {
    clearTimeout(this.timer);
    const attempt = ++this.attempt;
    const current = () => attempt === this.attempt;
    this.set("connecting");
    if (!current() || !this.running) {
      return;
    }
    this.watch();
    let socket;
    try {
      socket = this.options.platform.connect(this.options.url, this.options.codec.binary, {
        open: () => current() && this.logIn(),
        message: (data) => current() && this.read(data),
        close: (reason) => current() && this.drop(reason)
      });
    } catch (e) {
      this.drop(said(e) || String(e));
      return;
    }
    if (current()) {
      this.socket = socket;
    } else {
      socket.close();
    }
  }
  /** Gives up if nobody is logged in when the time is over. */
  watch() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.drop(`not logged in within ${this.options.timeoutMs} ms`), this.options.timeoutMs);
  }
  logIn() {
    const attempt = this.attempt;
    const { platform, zoneId } = this.options;
    this.login = "code";
    this.watch();
    const current = () => attempt === this.attempt;
    Promise.resolve().then(() => platform.loginCode()).then((code) => {
      var _a;
      if (current()) {
        this.login = "sent";
        this.write("MidasLogin", __spreadValues({ code, zone_id: zoneId, platform: platform.platform() }, (_a = platform.device) == null ? void 0 : _a.call(platform)));
      }
    }, (e) => current() && this.drop(`no login code${said(e) && ": " + said(e)}`)).catch(() => current() && this.drop("the login cannot be written"));
  }
  read(data) {
    this.heard++;
    const frame = this.options.codec.decode(data);
    if (!frame) {
      return;
    }
    const m = readMessage(frame.name, frame.body);
    if (this.login === "sent" && (m == null ? void 0 : m.name) === "MidasLoginResult") {
      this.loggedIn(m.body.openid);
    } else if (this.login === "sent" && (m == null ? void 0 : m.name) === "MidasError" && m.body.request_id === "") {
      this.refused(refusal(m.body));
    } else if (m) {
      this.events.message(m);
    }
    this.events.raw(frame.name, m ? __spreadValues({}, m.body) : frame.body);
  }
  loggedIn(openid) {
    const fresh = this.state !== "online";
    clearTimeout(this.timer);
    this.login = "none";
    this.session++;
    this.openid = openid;
    this.set("online");
    this.events.loggedIn(openid, fresh);
  }
  refused(e) {
    if (e.retryable) {
      this.drop(e.message, e.retryAfterMs);
      return;
    }
    this.running = false;
    this.hangUp();
    this.events.refused(e);
    this.set("offline", e.message);
  }
  write(name, body) {
    var _a;
    try {
      (_a = this.socket) == null ? void 0 : _a.send(this.options.codec.encode(name, body));
    } catch (e) {
      if (e instanceof TypeError || e instanceof RangeError) {
        throw e;
      }
      this.drop("send failed");
    }
  }
  hangUp() {
    this.attempt++;
    this.login = "none";
    clearTimeout(this.timer);
    const socket = this.socket;
    this.socket = void 0;
    try {
      socket == null ? void 0 : socket.close();
    } catch (e) {
    }
  }
  set(s, reason) {
    if (this.state !== s) {
      this.state = s;
      this.events.state(s, reason);
    }
  }
};

// src/asks.ts
var later = /* @__PURE__ */ Symbol("later");
var maxExpiries = 3;
var longestLook = 6e4;
var Asks = class {
  constructor(connection, timeoutMs, backoff) {
    this.connection = connection;
    this.timeoutMs = timeoutMs;
    this.backoff = backoff;
    this.open = /* @__PURE__ */ new Set();
    /** Why nothing is asked while there is no connection and none to come. */
    this.why = new MidasError("NOT_LOGGED_IN", "call login() first", { retryable: true });
  }
  ask(q) {
    return new Promise((resolve, reject) => {
      var _a, _b, _c, _d;
      if (((_a = q.signal) == null ? void 0 : _a.aborted) || !this.connection.running) {
        reject(((_b = q.signal) == null ? void 0 : _b.aborted) ? aborted(q.id) : about(this.why, q, q.order === "known"));
        return;
      }
      const wrong = ["request_id", "item_id"].find((name) => name in q.body && !validId(q.body[name]));
      if (wrong !== void 0) {
        reject(new MidasError("INVALID_ARGUMENT", `${wrong} has 1 to ${maxId} bytes of UTF-8 and no control characters`, { requestId: q.id }));
        return;
      }
      let total;
      const abort = () => ask.end({ error: aborted(q.id) });
      const ask = {
        q,
        begun: Date.now(),
        session: 0,
        waiting: false,
        taken: (_c = q.insists) != null ? _c : false,
        expired: false,
        expiries: 0,
        putOff: 0,
        looks: 0,
        timer: void 0,
        end: (outcome) => {
          var _a2, _b2;
          this.open.delete(ask);
          clearTimeout(ask.timer);
          clearTimeout(total);
          (_b2 = (_a2 = q.signal) == null ? void 0 : _a2.removeEventListener) == null ? void 0 : _b2.call(_a2, "abort", abort);
          if ("error" in outcome) {
            reject(outcome.error);
          } else {
            resolve(outcome.value);
          }
        }
      };
      (_d = q.signal) == null ? void 0 : _d.addEventListener("abort", abort);
      if (q.withinMs !== void 0) {
        total = setTimeout(() => ask.end({ error: unanswered(q.id) }), q.withinMs);
      }
      this.open.add(ask);
      this.send(ask);
    });
  }
  /** The connection is logged in: what is open is asked, on a fresh one all of it. */
  loggedIn(fresh) {
    for (const ask of [...this.open]) {
      if (fresh || ask.expired) {
        this.send(ask);
      }
    }
  }
  /** The connection is lost. */
  lost() {
    for (const ask of this.open) {
      clearTimeout(ask.timer);
      ask.taken = ask.taken || ask.waiting;
      ask.waiting = false;
    }
  }
  /** Hands a message to those who asked. */
  take(m) {
    var _a;
    for (const ask of [...this.open]) {
      if (m.name === "MidasError") {
        if (m.body.request_id === ask.q.id && ask.session > 0) {
          this.refused(ask, refusal(m.body));
        }
        continue;
      }
      let value;
      try {
        value = ask.q.read(m);
      } catch (e) {
        this.connection.answered();
        ask.end({ error: e });
        continue;
      }
      if (value === void 0) {
        continue;
      }
      this.connection.answered();
      if (value !== later) {
        ask.end({ value });
        continue;
      }
      ask.taken = true;
      if (m.name === "MidasPurchaseResult" && ((_a = m.body.error) == null ? void 0 : _a.code) === "SESSION_EXPIRED" && ask.expiries < maxExpiries) {
        ask.expiries++;
        this.connection.relogin();
      }
      this.again(ask, Math.min(longestLook, this.timeoutMs * 2 ** ask.looks++));
    }
  }
  /** Whether anything without a request id is open. */
  get anonymous() {
    return [...this.open].some((ask) => ask.q.id === "");
  }
  /** Ends everything, and what comes later as long as the connection does not run again. */
  fail(e) {
    this.why = e;
    for (const ask of [...this.open]) {
      ask.end({ error: about(e, ask.q, ask.q.order !== void 0 && (ask.taken || ask.waiting || ask.q.order === "known")) });
    }
  }
  send(ask) {
    clearTimeout(ask.timer);
    if (this.connection.state !== "online") {
      return;
    }
    ask.session = this.connection.session;
    ask.expired = false;
    ask.waiting = true;
    ask.timer = setTimeout(() => this.connection.drop(`no answer within ${this.timeoutMs} ms`), this.timeoutMs);
    try {
      this.connection.send(ask.q.name, ask.q.body);
    } catch (e) {
      ask.end({ error: new MidasError("INVALID_ARGUMENT", String(e), { requestId: ask.q.id }) });
    }
  }
  again(ask, afterMs) {
    clearTimeout(ask.timer);
    ask.waiting = false;
    ask.timer = setTimeout(() => this.send(ask), afterMs);
  }
  refused(ask, e) {
    this.connection.answered();
    if ((e.code === "SESSION_EXPIRED" || e.code === "NOT_LOGGED_IN") && ask.expiries++ < maxExpiries) {
      this.expired(ask);
      return;
    }
    const afterMs = e.retryAfterMs + jitter(this.backoff, ask.putOff);
    const soon = (e.code === "RATE_LIMITED" || e.code === "BUSY") && Date.now() + afterMs - ask.begun < this.timeoutMs;
    if (e.retryable && (soon || ask.taken)) {
      ask.putOff++;
      this.again(ask, afterMs);
      return;
    }
    const unknown = ask.q.order !== void 0 && ask.taken && (ask.q.insists || e.code === "INTERNAL");
    ask.end({ error: unknown ? about(e, ask.q, true) : e });
  }
  expired(ask) {
    clearTimeout(ask.timer);
    ask.waiting = false;
    if (ask.session < this.connection.session) {
      this.send(ask);
      return;
    }
    ask.expired = true;
    this.connection.relogin();
  }
};
function aborted(requestId) {
  return new MidasError("ABORTED", "nobody waits for it any more; what was asked may still happen", { retryable: true, requestId });
}
function unanswered(requestId) {
  return new MidasError("UNAVAILABLE", "no answer from the server", { retryable: true, requestId });
}
function about(e, q, unknown) {
  const { code, message, retryAfterMs } = e;
  return new MidasError(code, message.slice(code.length + 2), { retryable: e.retryable || unknown, retryAfterMs, requestId: q.id });
}

// src/listeners.ts
var Listeners = class {
  constructor() {
    this.set = /* @__PURE__ */ new Set();
  }
  add(f) {
    const entry = { f };
    this.set.add(entry);
    return () => this.set.delete(entry);
  }
  tell(v, more) {
    for (const { f } of [...this.set]) {
      try {
        f(v, more);
      } catch (e) {
        setTimeout(() => {
          throw e;
        }, 0);
      }
    }
  }
};

// src/pulse.ts
var aliveMs = 5e3;
var Pulse = class {
  /** ask asks the server anything that it answers. */
  constructor(connection, timeoutMs, ask) {
    this.connection = connection;
    this.timeoutMs = timeoutMs;
    this.ask = ask;
    this.again = false;
  }
  /** Asks, and gives the connection up if nothing is heard. One question at a time: another follows if feel is called meanwhile, for what the
   * first one hears may be from before the sleep. */
  feel() {
    if (this.timer !== void 0) {
      this.again = true;
      return;
    }
    const { heard } = this.connection;
    const withinMs = Math.min(aliveMs, this.timeoutMs);
    this.timer = setTimeout(() => {
      const { again } = this;
      this.stop();
      if (this.connection.heard === heard) {
        this.connection.drop(`nothing heard within ${withinMs} ms`);
      } else if (again) {
        this.feel();
      }
    }, withinMs);
    this.ask();
  }
  /** The connection is lost. */
  stop() {
    clearTimeout(this.timer);
    this.timer = void 0;
    this.again = false;
  }
};

// src/window.ts
var lookMs = 3e4;
var Windows = class {
  constructor(withinMs) {
    this.withinMs = withinMs;
    this.all = /* @__PURE__ */ new Set();
  }
  /** Opens a window and waits for its end. Rejects when the client is closed. */
  wait(w) {
    return new Promise((resolve, reject) => {
      let waiting = true;
      let givenUp = false;
      let timer;
      const end = (settle) => {
        waiting = false;
        this.all.delete(open);
        clearTimeout(timer);
        clearTimeout(total);
        settle();
      };
      const open = {
        take: (m) => {
          const seen = w.read(m);
          if (seen !== void 0) {
            end(() => resolve({ seen }));
          }
        },
        back: () => {
          var _a;
          return (_a = w.back) == null ? void 0 : _a.call(w);
        },
        fail: (e) => end(() => reject(e))
      };
      const look = () => {
        timer = setTimeout(look, lookMs);
        w.look();
      };
      timer = setTimeout(look, lookMs);
      const total = setTimeout(() => {
        givenUp = true;
        end(() => resolve({ failed: silent(w.id, this.withinMs) }));
      }, this.withinMs);
      this.all.add(open);
      const called = (failed) => {
        if (waiting) {
          end(() => resolve({ failed }));
        } else if (givenUp) {
          w.late(failed);
        }
      };
      new Promise((ok, no) => {
        w.open().then(ok, no);
      }).then(() => called(), (e) => called(paymentError(e, w.id)));
    });
  }
  take(m) {
    for (const open of [...this.all]) {
      open.take(m);
    }
  }
  back() {
    for (const open of [...this.all]) {
      open.back();
    }
  }
  fail(e) {
    for (const open of [...this.all]) {
      open.fail(e);
    }
  }
};
function silent(requestId, withinMs) {
  return new MidasError("PAYMENT_FAILED", `the payment window has not called back within ${withinMs} ms`, { requestId, errCode: -1 });
}

// src/client.ts
var patience = 3;
var MidasClient = class {
  constructor(options) {
    /** A login's balance is on its way. */
    this.greeting = false;
    /** What is known is from before it. */
    this.outdated = false;
    this.looks = 0;
    this.listing = Promise.resolve();
    this.balances = new Listeners();
    this.orders = new Listeners();
    this.catalogues = new Listeners();
    this.browses = false;
    this.services = new Listeners();
    this.states = new Listeners();
    this.messages = /* @__PURE__ */ new Map();
    var _a, _b, _c, _d, _e, _f, _g, _h, _i, _j;
    this.platform = (_a = options.platform) != null ? _a : here();
    this.timeoutMs = (_b = options.timeoutMs) != null ? _b : 1e4;
    this.newRequestId = (_c = options.newRequestId) != null ? _c : randomId;
    this.backoff = { firstMs: (_e = (_d = options.backoff) == null ? void 0 : _d.firstMs) != null ? _e : 500, maxMs: (_g = (_f = options.backoff) == null ? void 0 : _f.maxMs) != null ? _g : 3e4 };
    this.connection = new Connection(
      {
        url: options.url,
        platform: this.platform,
        codec: (_h = options.codec) != null ? _h : json,
        zoneId: (_i = options.zoneId) != null ? _i : "",
        timeoutMs: this.timeoutMs,
        backoff: this.backoff
      },
      {
        state: (s, reason) => this.stateChanged(s, reason),
        loggedIn: (openid, fresh) => this.loggedIn(openid, fresh),
        message: (m) => this.take(m),
        raw: (name, body) => {
          var _a2;
          return (_a2 = this.messages.get(name)) == null ? void 0 : _a2.tell(body);
        },
        refused: (e) => this.end(e)
      }
    );
    this.asks = new Asks(this.connection, this.timeoutMs, this.backoff);
    this.windows = new Windows((_j = options.windowMs) != null ? _j : 6e5);
    this.pulse = new Pulse(this.connection, this.timeoutMs, () => {
      this.getBalance().catch(() => void 0);
    });
  }
  get state() {
    return this.connection.state;
  }
  get openid() {
    return this.connection.openid;
  }
  /** The newest balance known. */
  get balance() {
    return this.newest;
  }
  /** Connects and keeps connected until close(). Resolves when logged in. Rejects when the server will not have the player, or at close():
   * then, as before the first call, whatever is asked is rejected at once.
   * While the client waits to connect again it does so at once, and where it is connected it asks for the balance: a connection that does not
   * answer within 5 seconds is replaced. Call it in wx.onShow, for WeChat cuts a game off in the background and need not tell it. */
  login() {
    if (this.state === "closed") {
      return Promise.reject(closed());
    }
    if (this.state === "online" && this.openid !== void 0) {
      this.pulse.feel();
      this.windows.back();
      return Promise.resolve({ openid: this.openid });
    }
    if (!this.loggingIn) {
      let resolve;
      let reject;
      const promise2 = new Promise((ok, no) => {
        resolve = ok;
        reject = no;
      });
      this.loggingIn = { promise: promise2, resolve, reject };
    }
    const { promise } = this.loggingIn;
    this.connection.start();
    return promise;
  }
  /** Ends it for good. Whatever waits is rejected with CLOSED; what was asked may still happen at the server. */
  close() {
    if (this.state !== "closed") {
      this.end(closed());
      this.windows.fail(closed());
      this.connection.close();
    }
  }
  /** Asks the server for the balance. Rejects with UNAVAILABLE if three times timeoutMs bring no answer. */
  getBalance() {
    const id = this.newRequestId();
    return this.asks.ask({
      id,
      name: "MidasGetBalance",
      body: { request_id: id },
      withinMs: patience * this.timeoutMs,
      // take has seen it first: what is newest now is at least as new as the answer.
      read: (m) => {
        var _a;
        return m.name === "MidasBalance" && m.body.request_id === id ? (_a = this.newest) != null ? _a : m.body : void 0;
      }
    });
  }
  /** Calls back at once if a balance is known, and for every newer one. Returns the way to stop. */
  onBalance(listener) {
    const stop = this.balances.add(listener);
    if (this.newest) {
      listener(this.newest);
    }
    return stop;
  }
  /** Calls back for every MidasPurchaseResult: answers, and what pending orders became later. */
  onOrder(listener) {
    return this.orders.add(listener);
  }
  /** Calls back when the shop closes or opens. */
  onService(listener) {
    return this.services.add(listener);
  }
  /** Calls back when the connection comes and goes. reason says why it is offline, in words for the game's developer. */
  onState(listener) {
    return this.states.add(listener);
  }
  /** Asks what this player can buy on this device. From then on onCatalogue hears of every change. An older server closes the connection on
   * this question: ask it only of servers that have it (leafmidas from 2026-12 on). */
  getCatalogue() {
    const id = this.newRequestId();
    this.browses = true;
    return this.asks.ask({
      id,
      name: "MidasGetCatalogue",
      body: { request_id: id },
      withinMs: patience * this.timeoutMs,
      // take has put the parts together first.
      read: (m) => {
        var _a;
        return m.name === "MidasCatalogue" && m.body.request_id === id ? m.body.more ? later : (_a = this.part) != null ? _a : m.body : void 0;
      }
    });
  }
  /** Calls back for every catalogue, after getCatalogue. */
  onCatalogue(listener) {
    return this.catalogues.add(listener);
  }
  /** Tells whether this device can pay with money, as far as WeChat and its versions say. */
  canPay() {
    var _a, _b, _c;
    return (_c = (_b = (_a = this.platform).support) == null ? void 0 : _b.call(_a)) != null ? _c : Promise.resolve({ allowed: true, reason: "" });
  }
  /** Buys with coins. Resolves when DELIVERED, rejects when FAILED, CANCELLED or refused, or when an operator has to decide. It goes on over new
   * connections under the same request id. expectedAmount is what the player saw that it costs in all, in coins: at another price it is
   * refused with PRICE_CHANGED, and nothing is deducted. */
  purchase(itemId, quantity = 1, options = {}) {
    var _a;
    const id = (_a = options.requestId) != null ? _a : this.newRequestId();
    return this.asks.ask({
      id,
      name: "MidasPurchase",
      body: __spreadValues({ request_id: id, item_id: itemId, quantity }, expected("expected_amount", options.expectedAmount)),
      order: standing(options),
      signal: options.signal,
      read: (m) => m.name === "MidasPurchaseResult" && m.body.request_id === id ? delivered(m.body) : void 0
    });
  }
  /** Buys coins with money: asks for the options, opens WeChat's payment window, and tells the server how it ended. Resolves with CREDITED, or
   * with PENDING: paid, and the coins will come in a balance by themselves. Rejects when the window was cancelled or failed, and no coins came.
   * A window that does not call back ends when the server says that the coins came, or after windowMs. */
  async recharge(buyQuantity, options = {}) {
    var _a, _b;
    const id = (_a = options.requestId) != null ? _a : this.newRequestId();
    const check = this.mayPay(id);
    if (check) {
      await check;
    }
    const offer2 = await this.asks.ask({
      id,
      name: "MidasRecharge",
      body: { request_id: id, buy_quantity: buyQuantity },
      withinMs: patience * this.timeoutMs,
      read: (m) => m.name === "MidasRechargeOptions" && m.body.request_id === id ? m.body : void 0
    });
    const mine = (m) => m.name === "MidasRechargeResult" && m.body.request_id === id ? m.body : void 0;
    const tell = (errCode) => this.asks.ask({
      id,
      name: "MidasRechargeDone",
      body: { request_id: id, err_code: errCode },
      insists: true,
      read: mine
    });
    let before = this.newest;
    const { failed, seen: came } = await this.windows.wait({
      id,
      open: () => this.payCoins(offer2),
      read: (m) => {
        if (m.name === "MidasBalance") {
          if (!before || m.body.balance > before.balance || m.body.save_amt > before.save_amt) {
            tell(0).catch(() => void 0);
          }
          before = m.body;
        }
        const result = mine(m);
        return (result == null ? void 0 : result.state) === "CREDITED" ? result : void 0;
      },
      look: () => {
        this.getBalance().catch(() => void 0);
      },
      late: (e) => {
        var _a2;
        tell((_a2 = e == null ? void 0 : e.errCode) != null ? _a2 : 0).catch(() => void 0);
      }
    });
    if (came) {
      return came;
    }
    if ((failed == null ? void 0 : failed.code) === "SESSION_EXPIRED") {
      this.connection.relogin();
    }
    const report = tell((_b = failed == null ? void 0 : failed.errCode) != null ? _b : 0);
    if (!failed) {
      return report.catch((e) => {
        if (e.code === "CLOSED") {
          throw e;
        }
        return { request_id: id, state: "PENDING", coins: 0 };
      });
    }
    const seen = await this.soon(report);
    if ((seen == null ? void 0 : seen.state) === "CREDITED") {
      return seen;
    }
    throw failed;
  }
  /** Buys an item with money (V2): asks for the signed options, opens the payment window, resolves when DELIVERED. With the request id of an
   * earlier one it goes on where that one stands, and opens the window only if it is not paid. A window that does not call back ends when the
   * server knows that it was paid, or after windowMs. */
  async buyGoods(itemId, quantity = 1, options = {}) {
    var _a;
    const id = (_a = options.requestId) != null ? _a : this.newRequestId();
    const check = this.mayPay(id);
    if (check) {
      await check;
    }
    const question = {
      id,
      name: "MidasBuyGoods",
      body: __spreadValues({ request_id: id, item_id: itemId, quantity }, expected("expected_fen", options.expectedFen)),
      order: standing(options),
      signal: options.signal
    };
    const mine = (m) => (m.name === "MidasGoodsOptions" || m.name === "MidasPurchaseResult") && m.body.request_id === id ? m.body : void 0;
    const unpaid = (a) => "sign_data" in a;
    const look = () => this.asks.ask(__spreadProps(__spreadValues({}, question), { withinMs: patience * this.timeoutMs, read: mine }));
    const glance = () => {
      look().catch(() => void 0);
    };
    for (let relogins = 0; ; ) {
      const stands = await look();
      if (!unpaid(stands)) {
        break;
      }
      const { failed } = await this.windows.wait({
        id,
        open: () => this.platform.requestGoods(stands),
        read: (m) => m.name === "MidasPurchaseResult" && m.body.request_id === id ? m.body : void 0,
        // so it is not to be paid any more
        look: glance,
        back: glance,
        late: glance
      });
      if (!failed) {
        break;
      }
      if (failed.code === "SESSION_EXPIRED" && relogins++ === 0) {
        await this.freshSession();
        continue;
      }
      const seen = await this.soon(look());
      if (seen && !unpaid(seen) && seen.state === "DELIVERED") {
        return seen;
      }
      throw failed;
    }
    return this.asks.ask(__spreadProps(__spreadValues({}, question), {
      insists: true,
      read: (m) => {
        const answer = mine(m);
        return answer && (unpaid(answer) ? later : delivered(answer));
      }
    }));
  }
  /** Rejects where this device certainly cannot pay, before anything is asked. */
  mayPay(requestId) {
    var _a, _b;
    return (_b = (_a = this.platform).support) == null ? void 0 : _b.call(_a).then(({ allowed, reason }) => {
      if (!allowed) {
        throw new MidasError("UNSUPPORTED_PLATFORM", reason || "this device cannot pay", { requestId });
      }
    });
  }
  /** Buys coins by the signed call where there is one, so that nobody changes the quantity, and else by the plain one. */
  payCoins(offer2) {
    var _a, _b;
    if (!offer2.sign_data || !((_b = (_a = this.platform).signsCoins) == null ? void 0 : _b.call(_a))) {
      return this.platform.requestCoins(offer2);
    }
    const { request_id, sign_data, pay_sig, signature } = offer2;
    return this.platform.requestGoods({ request_id, sign_data, pay_sig, signature }).catch((e) => {
      if (unknownMode.includes(Number(e == null ? void 0 : e.errCode))) {
        return this.platform.requestCoins(offer2);
      }
      throw e;
    });
  }
  /** Lists the player's orders, newest first. before is the bill_no of the last one seen. */
  listOrders(options = {}) {
    const list2 = () => {
      var _a, _b;
      return this.asks.ask({
        id: "",
        name: "MidasListOrders",
        body: { limit: (_a = options.limit) != null ? _a : 0, before: (_b = options.before) != null ? _b : "" },
        withinMs: patience * this.timeoutMs,
        read: (m) => m.name === "MidasOrders" ? m.body : void 0
      });
    };
    const next = this.listing.then(list2, list2);
    this.listing = next.catch(() => void 0);
    return next;
  }
  /** Lists the player's recharges, newest first, whatever became of them. before is the request_id of the last one seen. An older server closes
   * the connection on this question: ask it only of servers that have it (leafmidas from 2026-12 on). */
  listRecharges(options = {}) {
    var _a, _b;
    const id = this.newRequestId();
    return this.asks.ask({
      id,
      name: "MidasListRecharges",
      body: { request_id: id, limit: (_a = options.limit) != null ? _a : 0, before: (_b = options.before) != null ? _b : "" },
      withinMs: patience * this.timeoutMs,
      read: (m) => m.name === "MidasRecharges" && m.body.request_id === id ? m.body : void 0
    });
  }
  /** Sends a message of the game's own, if the connection is up; else it is lost. */
  send(name, body) {
    this.connection.send(name, body);
  }
  /** Calls back for every message of that name: the game's own, or ours. */
  on(name, listener) {
    let listeners = this.messages.get(name);
    if (!listeners) {
      listeners = new Listeners();
      this.messages.set(name, listeners);
    }
    return listeners.add(listener);
  }
  take(m) {
    switch (m.name) {
      case "MidasBalance":
        this.see(m.body);
        break;
      case "MidasPurchaseResult":
        this.orders.tell(m.body);
        break;
      case "MidasServiceState":
        this.services.tell(m.body);
        break;
      case "MidasCatalogue":
        this.collect(m.body);
        break;
      case "MidasError":
        if (m.body.request_id === "" && this.greeting) {
          const e = refusal(m.body);
          this.lookLater(e);
          if (!this.isOfList(e)) {
            this.greeting = false;
            return;
          }
        }
        break;
    }
    this.asks.take(m);
    this.windows.take(m);
  }
  /** An error without a request id is the login's balance that did not come, or a list's. If a list may be asked again, nothing is lost by that. */
  isOfList(e) {
    return this.asks.anonymous && (e.retryable || e.code === "INVALID_ARGUMENT");
  }
  /** Asks for the balance that a login did not bring, again and again until one comes or the connection is lost. */
  lookLater(e) {
    if (e.retryable && this.outdated && this.state === "online") {
      clearTimeout(this.looking);
      this.looking = setTimeout(() => {
        this.getBalance().catch((again) => this.lookLater(again));
      }, e.retryAfterMs + jitter(this.backoff, this.looks++));
    }
  }
  /** Puts the parts of a catalogue together, which follow one another. */
  collect(c) {
    const before = this.part;
    const goesOn = (before == null ? void 0 : before.more) === true && before.request_id === c.request_id && before.version === c.version;
    this.part = goesOn ? __spreadProps(__spreadValues({}, c), { items: [...before.items, ...c.items], recharges: [...before.recharges, ...c.recharges] }) : c;
    if (!c.more) {
      this.catalogues.tell(this.part);
    }
  }
  see(b) {
    this.connection.answered();
    if (b.stale) {
      this.greeting = this.greeting && b.reason !== "LOGIN";
      const known = this.newest && this.newest.version > b.version ? this.newest : b;
      this.newest = __spreadProps(__spreadValues({}, known), { stale: true, as_of_unix: b.as_of_unix });
      this.balances.tell(this.newest);
      return;
    }
    if (!this.heard || b.version > this.heard.version) {
      this.heard = b;
    }
    if (b.reason === "LOGIN") {
      this.greeting = false;
    }
    const read2 = this.outdated && (b.reason === "LOGIN" || b.request_id !== "");
    if (!this.newest || read2 || this.newest.stale || this.heard.version > this.newest.version) {
      this.newest = this.heard;
      this.outdated = false;
      clearTimeout(this.looking);
      this.balances.tell(this.newest);
    }
  }
  stateChanged(s, reason) {
    if (s !== "online") {
      this.greeting = false;
      clearTimeout(this.looking);
      this.pulse.stop();
      this.asks.lost();
    }
    this.states.tell(s, reason);
  }
  loggedIn(openid, fresh) {
    var _a;
    if (this.known !== void 0 && this.known !== openid) {
      this.newest = void 0;
    }
    this.known = openid;
    this.greeting = true;
    this.outdated = true;
    this.heard = void 0;
    this.looks = 0;
    (_a = this.loggingIn) == null ? void 0 : _a.resolve({ openid });
    this.loggingIn = void 0;
    this.asks.loggedIn(fresh);
    if (this.browses && fresh) {
      this.getCatalogue().catch(() => void 0);
    }
  }
  end(e) {
    var _a;
    (_a = this.loggingIn) == null ? void 0 : _a.reject(e);
    this.loggingIn = void 0;
    this.asks.fail(e);
  }
  /** Waits for an answer no longer than timeoutMs. */
  soon(answer) {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(void 0), this.timeoutMs);
      const end = (value) => {
        clearTimeout(timer);
        resolve(value);
      };
      answer.then(end, () => end());
    });
  }
  /** Logs in again, and waits for that no longer than timeoutMs. */
  freshSession() {
    const before = this.connection.session;
    this.connection.relogin();
    return this.soon(new Promise((resolve) => {
      const stop = this.on("MidasLoginResult", () => {
        if (this.connection.session > before) {
          stop();
          resolve();
        }
      });
    }));
  }
};
var unknownMode = [-6, -15001, -15002, -15011, 1e3];
function expected(field, price) {
  return price === void 0 ? {} : { [field]: price };
}
function standing(options) {
  return options.requestId === void 0 ? "new" : "known";
}
function delivered(r) {
  var _a;
  switch (r.state) {
    case "DELIVERED":
      return r;
    case "FAILED":
    case "CANCELLED":
      throw orderEnd(r);
    default:
      if (((_a = r.error) == null ? void 0 : _a.code) === "INTERNAL") {
        throw disputed(r);
      }
      return later;
  }
}
function here() {
  if (typeof wx === "undefined") {
    throw new Error("leafmidas: there is no global wx here: pass a platform, in a browser browserPlatform(…)");
  }
  return wxPlatform(wx);
}
function closed() {
  return new MidasError("CLOSED", "the client is closed", { retryable: true });
}
function randomId() {
  const part = () => Math.floor(Math.random() * 2 ** 48).toString(36);
  return `${Date.now().toString(36)}-${part()}${part()}`;
}

// src/browser.ts
function browserPlatform(hooks) {
  var _a, _b, _c;
  return __spreadProps(__spreadValues(__spreadValues({
    connect: (url, _binary, events) => browserSocket(url, events),
    loginCode: hooks.loginCode,
    platform: () => {
      var _a2;
      return (_a2 = hooks.platform) != null ? _a2 : "";
    }
  }, hooks.device && { device: hooks.device }), hooks.support && { support: hooks.support }), {
    signsCoins: (_a = hooks.signsCoins) != null ? _a : (() => false),
    requestCoins: (_b = hooks.requestCoins) != null ? _b : (() => Promise.reject(notHere("requestMidasPayment"))),
    requestGoods: (_c = hooks.requestGoods) != null ? _c : (() => Promise.reject(notHere("requestMidasPaymentGameItem")))
  });
}
function browserSocket(url, events) {
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => events.open();
  socket.onmessage = (e) => events.message(e.data);
  socket.onclose = (e) => events.close(e.reason || `closed with ${e.code}`);
  return {
    send: (data) => socket.send(data),
    close: () => {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
  };
}
export {
  MidasClient,
  MidasError,
  browserPlatform,
  json,
  wxPlatform
};
