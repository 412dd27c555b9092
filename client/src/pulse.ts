import type { Connection } from './connection';

/** How long a connection may be silent to a question before it is taken for dead, in milliseconds. */
const aliveMs = 5000;

/** Finds out whether a connection lives that has told of no end: that of a telephone that slept often does not. */
export class Pulse {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private again = false;

  /** ask asks the server anything that it answers. */
  constructor(private readonly connection: Connection, private readonly timeoutMs: number, private readonly ask: () => void) {}

  /** Asks, and gives the connection up if nothing is heard. One question at a time: another follows if feel is called meanwhile, for what the
   * first one hears may be from before the sleep. */
  feel(): void {
    if (this.timer !== undefined) {
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
  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.again = false;
  }
}
