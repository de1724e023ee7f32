// AssemblyScript: strings are UTF-8 at the border, and a word is three 32-bit numbers.
// @ts-ignore: decorator
@external("$root", "skip") declare function skip(start: usize, length: usize): bool;

const held = new Array<ArrayBuffer>(); // what the host's call, or our answer, still needs

function hold(size: i32): usize {
  const buffer = new ArrayBuffer(size);
  held.push(buffer);
  return changetype<usize>(buffer);
}

export function cabi_realloc(old: usize, oldSize: usize, align: usize, size: usize): usize {
  const place = hold(<i32>size);
  memory.copy(place, old, oldSize < size ? oldSize : size);
  return place;
}

export function count(start: usize, length: usize): usize {
  const words = new Array<string>(), counts = new Map<string, u32>();
  const all = String.UTF8.decodeUnsafe(start, length).split(" ");
  for (let i = 0; i < all.length; i++) {
    const word = all[i], bytes = String.UTF8.encode(word);
    if (word.length == 0 || skip(changetype<usize>(bytes), bytes.byteLength)) continue;
    if (!counts.has(word)) words.push(word);
    counts.set(word, counts.has(word) ? counts.get(word) + 1 : 1);
  }
  const list = hold(words.length * 12);
  for (let i = 0; i < words.length; i++) {
    const text = String.UTF8.encode(words[i]), row = list + 12 * i;
    held.push(text);
    store<usize>(row, changetype<usize>(text));
    store<u32>(row, text.byteLength, 4);
    store<u32>(row, counts.get(words[i]), 8);
  }
  const answer = hold(8);
  store<usize>(answer, list);
  store<u32>(answer, words.length, 4);
  return answer;
}

export function cabi_post_count(answer: usize): void {
  held.length = 0;
}
