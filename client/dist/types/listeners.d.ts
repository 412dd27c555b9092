/** Those who want to be told. */
export declare class Listeners<T, More = never> {
    private readonly set;
    add(f: (v: T, more?: More) => void): () => void;
    tell(v: T, more?: More): void;
}
