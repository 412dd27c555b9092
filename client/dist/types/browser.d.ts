import { type Device, type Platform, type Support } from './platform';
import type { GoodsOptions, RechargeOptions } from './wire';
/** What a page brings in place of wx. */
export interface BrowserHooks {
    /** In place of wx.login. */
    loginCode: () => Promise<string>;
    /** Default: '', which leaves it to the server. */
    platform?: string;
    /** What else the server is told of the device. */
    device?: () => Device;
    /** In place of wx.checkIsSupportMidasPayment. Without it the server and the payment window say what the device can. */
    support?: () => Promise<Support>;
    /** Whether requestGoods buys coins, too. Default: false. */
    signsCoins?: () => boolean;
    /** In place of wx.requestMidasPayment. Without it every recharge fails. */
    requestCoins?: (options: RechargeOptions) => Promise<void>;
    /** In place of wx.requestMidasPaymentGameItem. */
    requestGoods?: (options: GoodsOptions) => Promise<void>;
}
/** The platform of a browser, for web previews and tests: WebSocket, and the page's own stand-ins for WeChat. */
export declare function browserPlatform(hooks: BrowserHooks): Platform;
