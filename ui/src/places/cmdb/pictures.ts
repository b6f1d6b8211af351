/** Pictures on their way in: which files are some, and their bytes as the bridge takes them. */

/** What the file picker offers. */
export const ACCEPTED = 'image/jpeg,image/png,image/webp';

/** A picture by its name; whether it is one, the application sees by its bytes. */
export function isPicture(path: string): boolean {
  return /\.(jpe?g|png|webp)$/i.test(path);
}

/** The bytes of a file as base64. */
export function base64(file: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => {
      const url = String(reader.result);
      resolve(url.slice(url.indexOf(',') + 1));
    };
    reader.onerror = () => reject(reader.error ?? new Error('the file cannot be read'));
    reader.readAsDataURL(file);
  });
}
