/** Those who want to be told. */
export class Listeners<T, More = never> {
  private readonly set = new Set<{ f: (v: T, more?: More) => void }>();

  add(f: (v: T, more?: More) => void): () => void {
    const entry = { f };
    this.set.add(entry);
    return () => this.set.delete(entry);
  }

  tell(v: T, more?: More): void {
    for (const { f } of [...this.set]) {
      try {
        f(v, more);
      } catch (e) {
        setTimeout(() => { throw e; }, 0); // the game's fault is the game's to see, and stops nothing here
      }
    }
  }
}
