/** Places of a picture in plain words: a three by three grid. */

export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** In the model's language, which is English whatever the window speaks. */
const REGIONS: readonly (readonly string[])[] = [
  ['at the top left', 'at the top', 'at the top right'],
  ['on the left', 'in the middle', 'on the right'],
  ['at the bottom left', 'at the bottom', 'at the bottom right'],
];

const third = (share: number): number => Math.min(2, Math.max(0, Math.floor(share * 3)));

/** By the middle of the box. */
export function regionOf(box: Box, picture: { width: number; height: number }): string {
  const column = third((box.left + box.width / 2) / picture.width);
  const row = third((box.top + box.height / 2) / picture.height);
  return REGIONS[row]![column]!;
}

/** The box that two corners span, whole pixels, inside the picture, at least one pixel large. */
export function boxOf(
  a: { x: number; y: number },
  b: { x: number; y: number },
  picture: { width: number; height: number },
): Box {
  const inside = (value: number, most: number) => Math.min(most, Math.max(0, Math.round(value)));
  const [x1, x2] = [inside(Math.min(a.x, b.x), picture.width - 1), inside(Math.max(a.x, b.x), picture.width)];
  const [y1, y2] = [
    inside(Math.min(a.y, b.y), picture.height - 1),
    inside(Math.max(a.y, b.y), picture.height),
  ];
  return { left: x1, top: y1, width: Math.max(1, x2 - x1), height: Math.max(1, y2 - y1) };
}

/** Moved or sized by a step, kept inside the picture. */
export function nudged(
  box: Box,
  dx: number,
  dy: number,
  sizes: boolean,
  picture: { width: number; height: number },
): Box {
  if (sizes)
    return boxOf(
      { x: box.left, y: box.top },
      { x: box.left + Math.max(1, box.width + dx), y: box.top + Math.max(1, box.height + dy) },
      picture,
    );
  const left = Math.min(picture.width - box.width, Math.max(0, box.left + dx));
  const top = Math.min(picture.height - box.height, Math.max(0, box.top + dy));
  return { ...box, left, top };
}
