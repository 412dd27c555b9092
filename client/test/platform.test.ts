// What wxPlatform asks of WeChat's API, in the ways WeChat's versions answer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wxPlatform, type RechargeOptions, type WxLike, type WxSocketTask } from '../src/index';

/** A wx that can nothing but what is given. */
const wx = (parts: Partial<WxLike>) => parts as WxLike;

/** A SocketTask in the hand of the test. */
class Task implements WxSocketTask {
  readonly sent: (string | ArrayBuffer)[] = [];
  closes = 0;
  refuses = false;
  failConnect: ((e: unknown) => void) | undefined;
  open: () => void = () => undefined;
  message: (data: string | ArrayBuffer) => void = () => undefined;
  shut: (r: { code?: number; reason?: string }) => void = () => undefined;
  error: (e: { errMsg?: string }) => void = () => undefined;

  onOpen(f: (r: unknown) => void) { this.open = () => f({}); }
  onMessage(f: (r: { data: string | ArrayBuffer }) => void) { this.message = (data) => f({ data }); }
  onClose(f: (r: { code?: number; reason?: string }) => void) { this.shut = f; }
  onError(f: (r: { errMsg?: string }) => void) { this.error = f; }
  send(o: { data: string | ArrayBuffer; fail?: (e: unknown) => void }) {
    if (this.refuses) {
      o.fail?.({ errMsg: 'sendSocketMessage:fail' });
    } else {
      this.sent.push(o.data);
    }
  }
  close() { this.closes++; }
}

function connected() {
  const task = new Task();
  const heard: unknown[] = [];
  const socket = wxPlatform(wx({ connectSocket: (o) => { task.failConnect = o.fail; return task; } })).connect('wss://game', false, {
    open: () => heard.push('open'), message: (data) => heard.push(data), close: (reason) => heard.push(`close: ${reason}`),
  });
  return { task, heard, socket };
}

test('a connection opens, carries and closes', () => {
  const { task, heard, socket } = connected();
  task.open();
  socket.send('out');
  task.message('in');
  task.shut({ code: 1006 });
  assert.deepEqual(task.sent, ['out']);
  assert.deepEqual(heard, ['open', 'in', 'close: closed with 1006']);
});

test('a connection that fails in every way at once is lost once', () => {
  const { task, heard } = connected();
  task.failConnect?.({ errMsg: 'connectSocket:fail' });
  task.error({ errMsg: 'refused' });
  task.shut({ code: 1006, reason: 'abnormal closure' });
  assert.deepEqual(heard, ['close: connectSocket:fail']);
});

test('a connection that does not send is lost', () => {
  const { task, heard, socket } = connected();
  task.open();
  task.refuses = true;
  socket.send('out');
  assert.deepEqual(heard, ['open', 'close: sendSocketMessage:fail']);
  assert.equal(task.closes, 1);
});

test('a connection that the client closes tells nothing more', () => {
  const { task, heard, socket } = connected();
  socket.close();
  task.shut({ code: 1000 });
  assert.deepEqual([heard, task.closes], [[], 1]);
});

test('the platform is what WeChat says, in its new way or its old', () => {
  const says = (parts: Partial<WxLike>) => wxPlatform(wx(parts)).platform();
  assert.equal(says({ getDeviceInfo: () => ({ platform: 'ios' }), getSystemInfoSync: () => ({ platform: 'old' }) }), 'ios');
  assert.equal(says({ getSystemInfoSync: () => ({ platform: 'android' }) }), 'android');
  assert.equal(says({}), '');
});

test('a login code is the one of wx.login, or its failure', async () => {
  assert.equal(await wxPlatform(wx({ login: (o) => o.success?.({ code: 'c' }) })).loginCode(), 'c');
  await assert.rejects(wxPlatform(wx({ login: (o) => o.fail?.({ errMsg: 'login:fail' }) })).loginCode(), { errMsg: 'login:fail' });
});

const offer: RechargeOptions = {
  request_id: 'r', mode: 'game', env: 1, offer_id: '1450', currency_type: 'CNY', platform: 'android', buy_quantity: 60, zone_id: '7', out_trade_no: '',
  sign_data: '', pay_sig: '', signature: '',
};

test("the window for coins is given WeChat's names, and an order number where there is one", async () => {
  const given: object[] = [];
  const platform = wxPlatform(wx({ requestMidasPayment: ({ success, fail, ...options }) => { given.push(options); success?.({}); return fail; } }));
  await platform.requestCoins(offer);
  await platform.requestCoins({ ...offer, out_trade_no: 'T1' });
  const named = { mode: 'game', env: 1, offerId: '1450', currencyType: 'CNY', platform: 'android', buyQuantity: 60, zoneId: '7' };
  assert.deepEqual(given, [named, { ...named, outTradeNo: 'T1' }]);
});

test('the window for goods is given every text as it came', async () => {
  const given: object[] = [];
  const platform = wxPlatform(wx({ requestMidasPaymentGameItem: ({ success, fail: _, ...options }) => { given.push(options); success?.({}); } }));
  await platform.requestGoods({ request_id: 'r', sign_data: '{"a": 1}\n', pay_sig: 'p', signature: 's' });
  assert.deepEqual(given, [{ signData: '{"a": 1}\n', paySig: 'p', signature: 's' }]);
});

test('a window that fails by callback and by promise fails once', async () => {
  const failure = { errCode: 1, errMsg: 'requestMidasPayment:fail cancel' };
  const platform = wxPlatform(wx({ requestMidasPayment: (o) => { o.fail?.(failure); return Promise.reject(failure); } }));
  await assert.rejects(platform.requestCoins(offer), failure);
  await new Promise((resolve) => setImmediate(resolve)); // a rejection that nobody has heard would fail this test
});

test('a window that this WeChat does not have fails as "other error"', async () => {
  const platform = wxPlatform(wx({}));
  await assert.rejects(platform.requestCoins(offer), { errCode: 6, errMsg: 'requestMidasPayment:fail not supported here' });
  await assert.rejects(platform.requestGoods({ request_id: 'r', sign_data: '', pay_sig: '', signature: '' }), { errCode: 6 });
});
