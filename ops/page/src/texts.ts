// Every word the page shows, in both languages. Words of the API, as states and endpoints, are shown as they are.

const en = {
  title: 'Operations', other: '中文', otherLabel: '切换到中文',
  token: 'Token', tokenHint: 'The server said it when it started, or it is in its configuration.', enter: 'Enter', leave: 'Leave',
  wrongToken: 'This token is not the server’s.', away: 'The server does not answer. What you see is old.',
  open: 'Shop open', paused: 'Shop paused', heldBack: 'Shop held back', pause: 'Pause the shop', resume: 'Resume',
  pauseSure: 'Players of this server can buy nothing until it is resumed. Orders under way go on.', sure: 'Yes, pause it', no: 'No',
  ledgerUp: 'Ledger', ledgerDown: 'Ledger away', redisUp: 'Redis', redisDown: 'Redis away',
  connections: 'connections', running: 'calls under way', waiting: 'waiting', openOrders: 'open orders', disputed: 'disputed', oldest: 'oldest open',
  token_: 'access token', none: 'none',
  calls: 'Calls to Midas, per minute', all: 'all endpoints', endpoint: 'Endpoint', done: 'done', refused: 'refused', no_answer: 'no answer', held_back: 'held back',
  latency: 'Latency, ms', breakers: 'Breakers', closed: 'closed', half_open: 'half open', isOpen: 'open', held: 'held back by another server',
  funnel: 'Orders, in the last hour', backlog: 'Open orders', age: 'Age of the oldest, s',
  oldestOrders: 'Oldest open orders', disputedOrders: 'Waiting for a decision', nothing: 'None.',
  search: 'Search', searchLabel: 'Player (openid) or bill number', find: 'Find', found: 'Found', notFound: 'Nothing found.', more: 'Older ones',
  bill: 'Bill', player: 'Player', kind: 'Kind', item: 'Item', amount: 'Amount', state: 'State', made: 'Made', changed: 'Changed', due: 'Next try', request: 'Request',
  coins: 'coins', fen: 'fen', parked: 'waits for a login', settled: 'settled by hand', history: 'What happened', close: 'Close',
  decide: 'Decide', decideHint: 'Nothing is delivered or given back because of it: it says what has been done for the player.',
  asDelivered: 'The player has the item', asCancelled: 'The player has the coins', why: 'Why', who: 'Your name', settle: 'Settle', decided: 'Settled.',
  noData: 'Nothing yet. The first figures come within seconds.',
  kept: 'kept pushes', keptPushes: 'Pushes that did not fit', keptHint: 'They were rightly signed, and nothing came of them. The oldest first.',
  event: 'Event', tradeNo: 'Payment', came: 'Came', times: (n: number) => `${n} times, last`, todo: 'What to do', pushBody: 'What it said',
  putAway: 'Put away', putAwayHint: 'Settle with the player first: nothing is delivered or taken away because of it.',
  advice: [
    [/other environment/, 'A test in the sandbox is owed nothing. Does the console’s callback address lead the other environment’s pushes here?'],
    [/no such order/, 'Look for the number in the other servers’ ledgers. If this ledger was restored from a copy, grant by hand what was paid.'],
    [/another player|the number is that of|another order of this name/, 'Grant to nobody before the payment in the back office says who paid.'],
    [/refund|gone back/, 'Compare with the refunds in the back office, and take back by hand what was refunded.'],
    [/paid/, 'Compare with the payment in the back office. Grant by hand what was paid for, or give the money back in the console.'],
    [/recharge|coins/, 'The coins are with Midas: the player’s next look finds them.'],
    [/does not know/, 'A newer version may know this event.'],
  ] as [RegExp, string][], adviceElse: 'Compare with the payment in the back office, and settle with the player.',
};

const zh: typeof en = {
  title: '运维', other: 'English', otherLabel: 'Switch to English',
  token: '令牌', tokenHint: '服务器启动时会打印，或写在它的配置里。', enter: '进入', leave: '退出',
  wrongToken: '令牌不对。', away: '服务器没有响应，下面是旧数据。',
  open: '商店营业中', paused: '商店已暂停', heldBack: '熔断中', pause: '暂停商店', resume: '恢复营业',
  pauseSure: '恢复之前，本服玩家不能下新单；已有订单继续处理。', sure: '确认暂停', no: '取消',
  ledgerUp: '账本', ledgerDown: '账本不可用', redisUp: 'Redis', redisDown: 'Redis 不可用',
  connections: '连接', running: '处理中', waiting: '排队', openOrders: '未完成订单', disputed: '争议', oldest: '最早未完成',
  token_: 'access token', none: '无',
  calls: '调用米大师（每分钟）', all: '全部接口', endpoint: '接口', done: '成功', refused: '拒绝', no_answer: '无应答', held_back: '被熔断',
  latency: '延迟（毫秒）', breakers: '熔断器', closed: '闭合', half_open: '半开', isOpen: '断开', held: '因其他服务器而暂缓',
  funnel: '最近一小时的订单', backlog: '未完成订单', age: '最早一单的时长（秒）',
  oldestOrders: '最早的未完成订单', disputedOrders: '等待裁决', nothing: '没有。',
  search: '查找', searchLabel: '玩家 openid 或订单号', find: '查找', found: '结果', notFound: '没有找到。', more: '更早的',
  bill: '订单号', player: '玩家', kind: '类型', item: '物品', amount: '数额', state: '状态', made: '下单时间', changed: '变更时间', due: '下次尝试', request: '请求号',
  coins: '币', fen: '分', parked: '等待玩家登录', settled: '人工了结', history: '经过', close: '关闭',
  decide: '裁决', decideHint: '不会因此发货或退币：这里只记录已经为玩家做了什么。',
  asDelivered: '玩家已有物品', asCancelled: '玩家已得回代币', why: '原因', who: '你的名字', settle: '了结', decided: '已了结。',
  noData: '还没有数据，几秒内就会出现。',
  kept: '留存的推送', keptPushes: '对不上的推送', keptHint: '签名正确，但没有产生任何后果。最早的在前。',
  event: '事件', tradeNo: '支付单号', came: '收到', times: (n: number) => `共 ${n} 次，最近`, todo: '处理', pushBody: '推送正文',
  putAway: '收起', putAwayHint: '请先与玩家了结：这不会发货，也不会收回任何东西。',
  advice: [
    [/other environment/, '如果是沙箱测试，什么都不欠。后台的回调地址是否把另一个环境的推送指到了这里？'],
    [/no such order/, '在其他服务器的账本里找这个号。如果这个账本是从备份恢复的，请手工补发已付款的东西。'],
    [/another player|the number is that of|another order of this name/, '在后台查明是谁付的款之前，不要给任何人发放。'],
    [/refund|gone back/, '与后台的退款记录核对，手工收回已退款的东西。'],
    [/paid/, '与后台的支付记录核对，手工补发付了款的，或在后台退款。'],
    [/recharge|coins/, '币在米大师那里：玩家下次查询就会看到。'],
    [/does not know/, '新版本可能认识这个事件。'],
  ], adviceElse: '与后台的支付记录核对，并与玩家了结。',
};

export type Texts = typeof en;
const kept = 'leafmidas-ops-language';
export const languages = { en, zh };
export type Language = keyof typeof languages;
export function firstLanguage(): Language {
  return (localStorage.getItem(kept) ?? navigator.language).startsWith('zh') ? 'zh' : 'en';
}
export function keepLanguage(l: Language) {
  localStorage.setItem(kept, l);
  document.documentElement.lang = l === 'zh' ? 'zh-CN' : 'en';
}
