import { MidasError, paymentError, type PaymentFailure } from './error';
import type { Message } from './wire';

/** A payment window to open. */
export interface PaymentWindow<T> {
  /** The request it is for. */
  id: string;
  open(): Promise<void>;
  /** Reads what the server says meanwhile: a value ends the waiting, as if the window had called back. */
  read(m: Message): T | undefined;
  /** Asks the server for something to read. */
  look(): void;
  /** Asks when the player comes back to the game, perhaps from the window; the balance is asked for anyway. */
  back?(): void;
  /** The window has called back after it was given up. */
  late(failed: PaymentFailure | undefined): void;
}

/** How the waiting for a window has ended. */
export interface Ending<T> {
  /** What it failed with, or that it did not call back in time; undefined: it is paid. */
  failed?: PaymentFailure | undefined;
  /** What the server said before the window called back. */
  seen?: T;
}

/** How often the server is asked while a window is open, in milliseconds. */
const lookMs = 30_000;

interface Open {
  take(m: Message): void;
  back(): void;
  fail(e: MidasError): void;
}

/** The payment windows that are open. Some never call back: what the server says ends the waiting too, and so does time. */
export class Windows {
  private readonly all = new Set<Open>();

  constructor(private readonly withinMs: number) {}

  /** Opens a window and waits for its end. Rejects when the client is closed. */
  wait<T>(w: PaymentWindow<T>): Promise<Ending<T>> {
    return new Promise((resolve, reject) => {
      let waiting = true;
      let givenUp = false;
      let timer: ReturnType<typeof setTimeout>;
      const end = (settle: () => void) => {
        waiting = false;
        this.all.delete(open);
        clearTimeout(timer);
        clearTimeout(total);
        settle();
      };
      const open: Open = {
        take: (m) => {
          const seen = w.read(m);
          if (seen !== undefined) {
            end(() => resolve({ seen }));
          }
        },
        back: () => w.back?.(),
        fail: (e) => end(() => reject(e)),
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
      const called = (failed?: PaymentFailure) => {
        if (waiting) {
          end(() => resolve({ failed }));
        } else if (givenUp) {
          w.late(failed);
        }
      };
      new Promise<void>((ok, no) => { w.open().then(ok, no); }).then(() => called(), (e: unknown) => called(paymentError(e, w.id)));
    });
  }

  take(m: Message): void {
    for (const open of [...this.all]) {
      open.take(m);
    }
  }

  back(): void {
    for (const open of [...this.all]) {
      open.back();
    }
  }

  fail(e: MidasError): void {
    for (const open of [...this.all]) {
      open.fail(e);
    }
  }
}

/** The error of a window that does not call back. It may have been paid, so nobody is told to try again. */
function silent(requestId: string, withinMs: number): PaymentFailure {
  return new MidasError('PAYMENT_FAILED', `the payment window has not called back within ${withinMs} ms`, { requestId, errCode: -1 }) as PaymentFailure;
}
