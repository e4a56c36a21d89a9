/** A session that is made when it is first needed; once freed, it is made anew. */
import { Session, type SessionModel, type SessionOptions } from './session.ts';

export class LazySession {
  private session: Promise<Session> | undefined;

  constructor(
    private readonly model: SessionModel,
    private readonly options: SessionOptions,
  ) {}

  /** @throws TuskError of `Session.create` */
  get(): Promise<Session> {
    this.session ??= Session.create(this.model, this.options);
    return this.session;
  }

  async free(): Promise<void> {
    const session = this.session;
    this.session = undefined;
    await (await session?.catch(() => undefined))?.dispose();
  }
}
