/** A peer, as the server tells of it. */
export interface Peer {
  id: string;
  group_id: string;
  /** RFC 3339, in UTC. */
  last_seen: string;
  metadata?: unknown;
}

export type MessageType = "offer" | "answer" | "candidate" | "message";
export type AckStatus = "delivered" | "queued";
export type LeaveReason = "left" | "lost" | "away" | "replaced" | "kicked";
export type SignalState = "connecting" | "open" | "waiting" | "closed";

/** What the client takes from its surroundings; see platform.js. */
export interface Platform {
  WebSocket: typeof WebSocket;
  RTCPeerConnection: typeof RTCPeerConnection;
  fetch: (url: string, init?: RequestInit) => Promise<unknown>;
  setTimeout: (act: () => void, ms: number) => unknown;
  clearTimeout: (timer: unknown) => void;
  now: () => number;
  random: () => number;
  window: EventTarget | undefined;
}

export interface SignalOptions {
  peerId: string;
  groupId: string;
  metadata?: unknown;
  token?: string | (() => string | Promise<string>);
  platform?: Partial<Platform>;
}

/** The place of this peer in its group. */
export interface Self {
  id: string;
  group_id: string;
  session: string;
  sequence: number;
}

export interface SignalEvents {
  open: CustomEvent<{ self: Self }>;
  resumed: CustomEvent<{ self: Self }>;
  peers: CustomEvent<{ peers: Peer[] }>;
  peerjoined: CustomEvent<{ peer: Peer }>;
  peerleft: CustomEvent<{ peer: Peer; reason: LeaveReason }>;
  message: CustomEvent<{ type: MessageType; from: string; toAll: boolean; payload: unknown }>;
  error: CustomEvent<{ error: SignalError }>;
  goaway: CustomEvent<{ reason: string; deadline_ms: number; reconnect_after_ms: number }>;
  reconnecting: CustomEvent<{ error: SignalError; delayMs: number; keptMs: number }>;
  close: CustomEvent<{ error: SignalError; code: number; reason: string }>;
}

export class Signal extends EventTarget {
  constructor(url: string | URL, options: SignalOptions);
  readonly peers: Map<string, Peer>;
  readonly iceServers: RTCIceServer[] | undefined;
  get peerId(): string;
  get groupId(): string;
  get state(): SignalState;
  connect(): Promise<void>;
  send(target: string, type: MessageType, payload: unknown): Promise<AckStatus>;
  broadcast(payload: unknown): Promise<AckStatus>;
  leave(): Promise<void>;
  close(): void;
  addEventListener<Name extends keyof SignalEvents>(
    name: Name,
    listener: (event: SignalEvents[Name]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

export interface SignalErrorOptions {
  temporary?: boolean;
  retryAfterMs?: number;
  ref?: { id?: string; type?: string; target_id?: string };
  cause?: unknown;
}

export class SignalError extends Error {
  constructor(code: string, message: string, options?: SignalErrorOptions);
  readonly name: "SignalError";
  readonly code: string;
  readonly temporary: boolean;
  readonly retryAfterMs: number | undefined;
  readonly ref: { id?: string; type?: string; target_id?: string };
}

export const RECONNECT: Readonly<Record<number, "-" | "no" | "backoff" | "slot" | "new token">>;

export interface MeshOptions {
  label?: string;
  channel?: RTCDataChannelInit;
  rtcConfig?: RTCConfiguration;
  platform?: Partial<Platform>;
}

/** One connection of a mesh. */
export interface Link {
  readonly connection: RTCPeerConnection;
  readonly channel: RTCDataChannel | undefined;
  readonly works: boolean;
}

export interface MeshEvents {
  channel: CustomEvent<{ peer: string; channel: RTCDataChannel; connection: RTCPeerConnection }>;
  gone: CustomEvent<{ peer: string }>;
  error: CustomEvent<{ peer: string; error: unknown }>;
}

export class Mesh extends EventTarget {
  constructor(signal: Signal, options?: MeshOptions);
  readonly links: ReadonlyMap<string, Link>;
  channels(): Generator<[peer: string, channel: RTCDataChannel]>;
  close(): void;
  addEventListener<Name extends keyof MeshEvents>(
    name: Name,
    listener: (event: MeshEvents[Name]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
}
