import skip from "skip";

export function count(text) {
  const counts = new Map();
  for (const word of text.split(/\s+/).filter(Boolean)) {
    if (!skip(word)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return Array.from(counts, ([text, count]) => ({ text, count }));
}
