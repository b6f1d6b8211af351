/** A backend in memory for component tests: answers from a table, remembers calls, emits events by hand. */
import type { Backend, Events } from '../lib/backend/backend';

export type Answers = Record<string, (request: never) => unknown>;

export interface TestBackend extends Backend {
  calls: { name: string; request: unknown }[];
  answers: Answers;
  emit<Name extends keyof Events>(event: Name, payload: Events[Name]): void;
}

export function testBackend(answers: Answers = {}): TestBackend {
  const handlers = new Map<string, Set<(payload: never) => void>>();
  const backend: TestBackend = {
    calls: [],
    answers,
    async call<Response>(name: string, request: unknown = null): Promise<Response> {
      backend.calls.push({ name, request });
      const answer = backend.answers[name];
      if (!answer) throw new Error(`the test gives no answer to ${name}`);
      return (await answer(request as never)) as Response;
    },
    on(event, handler) {
      const of = handlers.get(event) ?? new Set();
      handlers.set(event, of.add(handler as never));
      return () => of.delete(handler as never);
    },
    emit(event, payload) {
      for (const handler of handlers.get(event) ?? []) handler(payload as never);
    },
  };
  return backend;
}
