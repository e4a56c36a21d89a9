/** Addresses of pictures, the same in a browser and in the app's own window. */

export const pictureUrl = (versionId: string): string => `/pictures/${versionId}`;

/** @param size the longer side, pixels. */
export const thumbnailUrl = (versionId: string, size: number): string =>
  `/pictures/${versionId}/thumbnail?size=${size}`;
