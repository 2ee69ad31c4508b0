/** Our paths, driven as every user of theirs drives them. */
import { File } from '../../io/file.ts';
import type { Socket } from '../../io/socket.ts';
import { driveBlocking, type FileRange, type Path, type PathName, paths } from '../../paths/index.ts';
import type { OpenArm } from '../protocol.ts';
import { connectBlocking } from '../wire.ts';
import type { Arm } from './arm.ts';

class OurArm implements Arm {
  readonly #path: Path;
  readonly #range: FileRange;
  readonly #file: File;
  readonly #socket: Socket;
  readonly #options: { chunk: number };
  ownCalls = 0;

  constructor(path: Path, request: OpenArm, socket: Socket) {
    this.#path = path;
    this.#file = File.open(request.file);
    this.#range = { fd: this.#file.fd, offset: 0, length: request.size };
    this.#socket = socket;
    this.#options = { chunk: request.chunk };
  }

  send(): void {
    const socket = this.#socket.fd;
    const transfer = this.#path.start(this.#range, socket, this.#options);
    try {
      driveBlocking(transfer, socket);
    } finally {
      transfer.close();
    }
    this.ownCalls = transfer.calls;
  }
}

export async function openOurs(name: PathName, request: OpenArm): Promise<Arm> {
  return new OurArm(paths[name], request, await connectBlocking(request.endpoint));
}
