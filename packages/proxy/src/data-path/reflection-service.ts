import { decodeMessage, encodeMessage, reflection } from "@prism-data/pattern-sdk/protocol";
import { GrpcCode } from "@prism-data/transport";
import type { Answer, BuiltInMethod, Responder } from "./built-in-call.js";
import type { DescribedFiles } from "./described-files.js";
import { failureOfThrown } from "./failure.js";

/** The two versions differ in their names only. */
export const reflectionServiceNames = [
  "grpc.reflection.v1.ServerReflection",
  "grpc.reflection.v1alpha.ServerReflection",
] as const;

type MessageResponse = NonNullable<reflection.ServerReflectionResponse["messageResponse"]>;
type MessageRequest = reflection.ServerReflectionRequest["messageRequest"];

/** What reflection tells about; asked anew for each request. */
export interface Reflected {
  services(): string[];
  files(): DescribedFiles;
}

/** Server reflection (github.com/grpc/grpc, doc/server-reflection.md). */
export function reflectionMethods(reflected: Reflected): [path: string, method: BuiltInMethod][] {
  return reflectionServiceNames.map((service) => [
    `/${service}/ServerReflectionInfo`,
    (answer) => serveReflection(reflected, answer),
  ]);
}

function serveReflection(reflected: Reflected, answer: Answer): Responder {
  return {
    onMessage(message) {
      try {
        const request = decodeMessage(reflection.ServerReflectionRequest, message, "ServerReflectionRequest");
        answer.send(
          encodeMessage(reflection.ServerReflectionResponse, {
            validHost: request.host,
            originalRequest: request,
            messageResponse: respond(reflected, request.messageRequest),
          }),
        );
      } catch (error) {
        answer.fail(failureOfThrown(error));
      }
    },
    onEnd: () => answer.end(),
    onClose() {},
  };
}

function respond(reflected: Reflected, request: MessageRequest): MessageResponse {
  switch (request?.$case) {
    case "listServices": {
      const service = reflected.services().map((name) => ({ name }));
      return { $case: "listServicesResponse", value: { service } };
    }
    case "fileByFilename":
      return files(reflected.files().named(request.value), `file ${request.value}`);
    case "fileContainingSymbol":
      return files(reflected.files().defining(request.value), `symbol ${request.value}`);
    case "fileContainingExtension": {
      const { containingType, extensionNumber } = request.value;
      const found = reflected.files().extending(containingType, extensionNumber);
      return files(found, `extension ${extensionNumber} of ${containingType}`);
    }
    case "allExtensionNumbersOfType": {
      const extensionNumber = reflected.files().extensionNumbers(request.value);
      if (extensionNumber === undefined) return error(GrpcCode.NOT_FOUND, `There is no message ${request.value} here.`);
      return { $case: "allExtensionNumbersResponse", value: { baseTypeName: request.value, extensionNumber } };
    }
    default:
      return error(GrpcCode.INVALID_ARGUMENT, "The request asks for nothing that is known here.");
  }
}

function files(found: Uint8Array[] | undefined, what: string): MessageResponse {
  if (found === undefined) return error(GrpcCode.NOT_FOUND, `There is no ${what} here.`);
  return { $case: "fileDescriptorResponse", value: { fileDescriptorProto: found } };
}

function error(errorCode: number, errorMessage: string): MessageResponse {
  return { $case: "errorResponse", value: { errorCode, errorMessage } };
}
