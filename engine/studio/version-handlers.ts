/** Versions and the library: look, star, tag, delete and restore. */
import type { Version } from '../studio-protocol.ts';
import { notFound } from './failures.ts';
import type { Handlers, Parts } from './parts.ts';

type Change = Parameters<Parts['library']['versions']['update']>[1];

export const versionHandlers = ({ library, emit }: Parts) => {
  const { versions, chats } = library;
  /** Being deleted for good: too late to restore. */
  const going = new Set<string>();

  const change = (id: string, what: Change): Version => {
    const version = versions.update(id, what);
    if (!version) throw notFound('picture');
    emit({ event: 'version', version });
    return version;
  };

  const changeAll = (ids: readonly string[], what: Change): Record<string, never> => {
    library.transaction(() => ids.map((id) => change(id, what)));
    return {};
  };

  return {
    'versions.get': ({ versionId }) => {
      const version = versions.get(versionId);
      if (!version) throw notFound('picture');
      return version;
    },
    'versions.star': ({ versionId, starred }) => change(versionId, { starred }),
    'versions.tag': ({ versionId, tags }) => change(versionId, { tags: [...new Set(tags)] }),
    'versions.delete': ({ versionIds }) => changeAll(versionIds, { deletedAt: Date.now() }),
    'versions.restore': ({ versionIds }) => {
      if (versionIds.some((id) => going.has(id))) throw notFound('picture');
      return changeAll(versionIds, { deletedAt: null });
    },
    'library.list': (query) => versions.list(query),
    'library.tags': () => ({ tags: versions.tags() }),
    /** Files first: a full disk gets room, and a kill in between leaves nothing that was to go. */
    'library.emptyBin': async () => {
      const ids = versions.binned().filter((id) => !going.has(id));
      for (const id of ids) going.add(id);
      try {
        for (const id of ids) await library.pictures.remove(id);
        library.transaction(() => ids.map((id) => versions.remove(id)));
      } finally {
        for (const id of ids) going.delete(id);
      }
      return { deleted: ids.length };
    },
    'prompts.history': () => ({ prompts: chats.prompts(PROMPTS) }),
  } satisfies Partial<Handlers>;
};

const PROMPTS = 500;
