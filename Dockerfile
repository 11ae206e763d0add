# The image of exportd, with exportctl beside it: two static programs, the
# certificates of the public authorities, and nothing else. No shell, no package
# manager, no root.
#
#   docker build --build-arg VERSION=1.2.3 -t exportd:1.2.3 .

# The builder runs on the machine's own architecture and compiles for the
# image's. Nothing of its distribution reaches the image but the certificates.
FROM --platform=$BUILDPLATFORM golang:1.26.8-bookworm AS build
# The toolchain is the one named above, never one that is fetched.
ENV GOTOOLCHAIN=local
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS TARGETARCH
# As `make build`, without cgo and the names of folders. `exportd version` prints
# VERSION, and the commit and date of .git, which is part of the context.
ARG VERSION
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -ldflags "$(scripts/version-flags)" -o /out/ ./cmd/exportd ./cmd/exportctl
RUN mkdir /out/store

FROM scratch
# For data sources, etcd and whatever else is spoken to by TLS without an
# authority of one's own. Time zones are inside the programs.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/exportd /out/exportctl /usr/local/bin/
# The store belongs to the user below before it becomes a volume, so that a new
# volume does too.
COPY --from=build --chown=65532:65532 /out/store /var/lib/exportd
# A number, so that an orchestrator can see that it is not root.
USER 65532:65532
# These win over a YAML file. Who publishes a container's ports says where they
# can be reached; exportd still refuses to start here without tokens and TLS.
ENV EXPORTD_GRPC_ADDR=:50051 \
    EXPORTD_HTTP_ADDR=:50052 \
    EXPORTD_STORE_DIR=/var/lib/exportd
EXPOSE 50051 50052
VOLUME /var/lib/exportd
# No HEALTHCHECK: it would have to be a program in here, and exportd has none
# that asks. Orchestrators ask GET /healthz and GET /readyz on the HTTP port.
ENTRYPOINT ["/usr/local/bin/exportd"]
# Last, since the version changes with every build.
ARG VERSION=unversioned
LABEL org.opencontainers.image.title="exportd" \
      org.opencontainers.image.description="Turns saved SQL into CSV, XLS and XLSX files" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION"
