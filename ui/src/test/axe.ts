/** Runs axe on what a test has drawn. Contrast needs a layout: it is checked in the real window and by contrast.test.ts. */
import axe from 'axe-core';

export async function problems(root: Element = document.body): Promise<string[]> {
  const { violations } = await axe.run(root, {
    rules: { 'color-contrast': { enabled: false }, region: { enabled: false } },
  });
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
}
