/**
 * One whole story of a collection, from the first connection to the last byte freed, told by three processes' worth of
 * participants.
 */
import { expect } from "vitest";
import { Rights } from "#base";
import { type Collection, type SharedBuffers, Sysmem, Token } from "#client";
import { MethodError } from "#fidl";
import { BufferCollectionToken, type BufferCollectionConstraints } from "#gen/fuchsia_sysmem2";
import { ColorSpace, PixelFormat } from "#gen/fuchsia_images2";
import { asEvent, asEventPair, asVmo, type EventPair, type Kernel } from "#kernel";
import { raw, READ, WRITE } from "../client/worlds.ts";
import { Story } from "./story.ts";

/** 640 by 480 pixels, three buffers: large enough to be reserved off the loop, and to ask how much memory there is. */
function image(cpu: number, camping: number): BufferCollectionConstraints {
  return {
    usage: { cpu },
    minBufferCountForCamping: camping,
    bufferMemoryConstraints: { cpuDomainSupported: true },
    imageFormatConstraints: [
      {
        pixelFormat: PixelFormat.R8G8B8A8,
        colorSpaces: [ColorSpace.SRGB],
        minSize: { width: 640, height: 480 },
        maxSize: { width: 640, height: 480 },
      },
    ],
  };
}

export class PresentStory extends Story {
  readonly #svc: string;
  readonly #kernel: Kernel;

  /** @param kernel the participants' */
  constructor(svc: string, kernel: Kernel) {
    super();
    this.#svc = svc;
    this.#kernel = kernel;
  }

  protected override async tell(): Promise<void> {
    const app = await this.#connect("app");
    const display = await this.#connect("display");
    if (app === undefined || display === undefined) return;
    await this.#alone(app);

    const root = await this.try("app", "AllocateSharedCollection", () => app.allocateSharedCollection());
    if (root === undefined) return;
    this.keep({ close: () => root.release() });
    await this.try("app", "SetName", () => root.setName("frames"));
    const tokens = await this.try("app", "DuplicateSync", () => root.duplicateMany(2));
    for (const token of tokens ?? []) this.keep({ close: () => token.release() });
    const weakToken = await this.try("app", "Duplicate", () => this.#duplicateUnsynced(root));
    const child = await this.#group(root);
    const [cameraToken, displayToken] = tokens ?? [];
    if (cameraToken === undefined || displayToken === undefined || weakToken === undefined) return;
    if (child === undefined) return;
    await this.try("weak", "SetWeak", () => weakToken.node.setWeak());
    await this.#references(root, cameraToken);

    const camera = await this.#bind(app, "camera", cameraToken, image(READ | WRITE, 1));
    const screen = await this.#bind(display, "display", displayToken, image(READ, 1));
    const codec = await this.#bind(display, "codec", child, image(READ, 1));
    const weak = await this.#bind(app, "weak", weakToken, image(READ, 0));
    root.release();
    const tracker = camera && (await this.#track(camera));
    const parts = { camera, display: screen, codec, weak };
    const waits = Object.entries(parts).map(async ([who, part]) => part && this.#wait(who, part));
    const [frames] = await Promise.all(waits);

    if (camera !== undefined) await this.#late(display, camera);
    if (frames !== undefined) await this.#vmoInfo(display, frames);
    this.letGo();
    if (tracker !== undefined) {
      await this.try("camera", "the end of the buffers", () => new Promise<void>((done) => tracker.onPeerClosed(done)));
    }
  }

  async #connect(name: string): Promise<Sysmem | undefined> {
    const options = { svc: this.#svc, kernel: this.#kernel, name, explain: false };
    const sysmem = await this.try(name, "connect", () => Sysmem.connect(options));
    if (sysmem !== undefined) this.keepToTheEnd(sysmem);
    return sysmem;
  }

  /** A collection of one participant, of memory small enough to be reserved at once. */
  async #alone(app: Sysmem): Promise<void> {
    const alone = await this.try("alone", "AllocateNonSharedCollection", () => app.allocateNonSharedCollection());
    if (alone === undefined) return;
    await this.try("alone", "SetConstraints", () => alone.setName("alone").setConstraints(raw(WRITE)));
    const buffers = await this.#wait("alone", alone);
    alone.release();
    buffers?.close();
  }

  /** A token made by a one-way message: the participant makes both ends. */
  async #duplicateUnsynced(root: Token): Promise<Token> {
    const [client, server] = BufferCollectionToken.createEndpoints(this.#kernel);
    this.keep(client);
    root.node.duplicate({ rightsAttenuationMask: Rights.SAME_RIGHTS, tokenRequest: server });
    const token = new Token(this.#kernel, client);
    this.keep({ close: () => token.release() });
    await root.sync();
    return token;
  }

  /** A group of two alternatives. The first one, which will be chosen; the second one leaves. */
  async #group(root: Token): Promise<Token | undefined> {
    const group = await this.try("app", "CreateBufferCollectionTokenGroup", () => root.createGroup());
    if (group === undefined) return undefined;
    this.keep({ close: () => group.node.close() });
    const first = await this.try("app", "CreateChildrenSync", () => group.createChild());
    if (first !== undefined) this.keep({ close: () => first.release() });
    const second = await this.try("app", "CreateChildrenSync", () => group.createChild());
    second?.release();
    if (first !== undefined && second !== undefined) {
      await this.try("app", "AllChildrenPresent", () => group.seal());
      await this.try("app", "Release", () => group.release());
    }
    return first;
  }

  /** GetNodeRef, IsAlternateFor, AttachNodeTracking. */
  async #references(root: Token, camera: Token): Promise<void> {
    await this.try("app", "GetNodeRef", async () => {
      const { nodeRef } = await root.node.getNodeRef();
      if (nodeRef === undefined) return;
      const answer = await camera.node.isAlternateFor({ nodeRef: asEvent(nodeRef) });
      expect(answer).toMatchObject({ ok: true, value: { isAlternate: false } });
    });
    await this.try("app", "AttachNodeTracking", () => {
      const [mine, theirs] = this.#kernel.createEventPair();
      this.keep(mine);
      camera.node.attachNodeTracking({ serverEnd: theirs });
    });
  }

  async #bind(
    sysmem: Sysmem,
    who: string,
    token: Token,
    constraints: BufferCollectionConstraints,
  ): Promise<Collection | undefined> {
    const collection = await this.try(who, "BindSharedCollection", () => sysmem.bind(token));
    if (collection === undefined) return undefined;
    this.keep({ close: () => collection.release() });
    await this.try(who, "SetDebugClientInfo", () => collection.setDebugClientInfo(who));
    if (who === "weak") await this.try(who, "SetWeakOk", () => collection.node.setWeakOk({}));
    await this.try(who, "SetConstraints", () => collection.setConstraints(constraints));
    return collection;
  }

  async #wait(who: string, collection: Collection): Promise<SharedBuffers | undefined> {
    const buffers = await this.try(who, "WaitForAllBuffersAllocated", () => collection.waitForBuffers());
    if (buffers === undefined) return undefined;
    this.keep(buffers);
    await this.try(who, "map", () => {
      for (const buffer of buffers) {
        const bytes = buffer.bytes();
        expect(bytes.at(-1)).toBe(0);
        buffer.onCloseAsap(() => buffer.close());
      }
    });
    return buffers;
  }

  async #track(collection: Collection): Promise<EventPair | undefined> {
    return this.try("camera", "AttachLifetimeTracking", () => {
      const [mine, theirs] = this.#kernel.createEventPair();
      collection.node.attachLifetimeTracking({ serverEnd: theirs, buffersRemaining: 0 });
      this.keepToTheEnd(mine);
      return mine;
    });
  }

  /** A participant that comes when the buffers exist. */
  async #late(sysmem: Sysmem, camera: Collection): Promise<void> {
    const token = await this.try("camera", "AttachToken", () => camera.attachToken());
    if (token === undefined) return;
    this.keep({ close: () => token.release() });
    const late = await this.#bind(sysmem, "late", token, image(READ, 0));
    if (late !== undefined) await this.#wait("late", late);
    late?.release();
  }

  async #vmoInfo(sysmem: Sysmem, buffers: SharedBuffers): Promise<void> {
    await this.try("display", "GetVmoInfo", async () => {
      const shown = buffers.at(0).vmo?.duplicate();
      if (shown === undefined) return;
      const answer = await sysmem.allocator.getVmoInfo({ vmo: shown, needWeak: true });
      if (!answer.ok) throw new MethodError(answer.error);
      const { weakVmo, closeWeakAsap } = answer.value;
      if (weakVmo !== undefined) this.keep(asVmo(weakVmo));
      if (closeWeakAsap !== undefined) this.keep(asEventPair(closeWeakAsap));
    });
  }
}
