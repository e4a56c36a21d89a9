/** A conversation as the chat template and the official picture code read it. */

/** One part of a message. Pictures are named by whatever key the caller looks them up by. */
export interface MessagePart {
  type?: string;
  text?: string;
  /** Read by the vision encoder. */
  image?: string;
  /** Read by the visual tokenizer; beside `image` it marks the reference of an edit. */
  image_gen?: string;
}

export interface Message {
  role: 'system' | 'user' | 'assistant';
  content: string | readonly MessagePart[];
}

/** The pictures of a conversation, in the order of their places in the rendered prompt. */
export interface PromptPictures {
  /** For the vision encoder: one for each `<|image_pad|>`. */
  seen: string[];
  /** For the visual tokenizer: one for each `<|gen_placeholder|>`. */
  visualTokens: string[];
  /** The picture to edit; its size becomes that of the new one. */
  reference: string | undefined;
}

/** A part with both keys is one picture of the vision encoder and the reference, as in the official code. */
export function promptPictures(messages: readonly Message[]): PromptPictures {
  const parts = messages.flatMap(partsOf);
  return {
    seen: parts.flatMap((part) => part.image ?? []),
    visualTokens: parts.flatMap((part) => (part.image === undefined ? (part.image_gen ?? []) : [])),
    reference: referenceOf(messages),
  };
}

/** The last reference of the earliest message that has one: what the official code's search ends up with. */
function referenceOf(messages: readonly Message[]): string | undefined {
  for (const message of messages) {
    const references = partsOf(message).flatMap((part) => part.image_gen ?? []);
    if (references.length > 0) return references.at(-1);
  }
  return undefined;
}

function partsOf(message: Message): readonly MessagePart[] {
  return typeof message.content === 'string' ? [] : message.content;
}
