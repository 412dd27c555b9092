export { MidasClient, type ClientOptions } from './client';
export { MidasError, type MidasErrorCode } from './error';
export { json, type Codec } from './codec';
export { wxPlatform, type AnyWx, type Device, type Platform, type Socket, type SocketEvents, type Support, type WxLike, type WxSocketTask, type WxCoins, type WxGoods, } from './platform';
export { browserPlatform, type BrowserHooks } from './browser';
export type { ConnectionState } from './connection';
export type { AbortSignalLike } from './asks';
export type { Balance, Body, Catalogue, CatalogueItem, ErrorBody, GoodsOptions, Order, OrderState, PurchaseResult, Reason, RechargeOffer, RechargeOptions, RechargeRecord, RechargeResult, RechargeState, ServerErrorCode, ServiceReason, ServiceState, } from './wire';
