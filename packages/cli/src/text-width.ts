const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });
// What a terminal gives two columns: the scripts of East Asia, their punctuation and full-width forms, and emoji.
const wide =
  /^[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;
const plain = /^[ -~]*$/;

/** How many columns of a terminal a line of text takes. */
export function textWidth(text: string): number {
  if (plain.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += segmentWidth(segment);
  return width;
}

/** The text when it fits, otherwise its beginning and `…`. */
export function cutText(text: string, widthMax: number): string {
  if (textWidth(text) <= widthMax) return text;
  let width = 1;
  let end = 0;
  for (const { segment, index } of segmenter.segment(text)) {
    width += segmentWidth(segment);
    if (width > widthMax) break;
    end = index + segment.length;
  }
  return `${text.slice(0, end)}…`;
}

function segmentWidth(segment: string): number {
  return wide.test(segment) ? 2 : 1;
}
