# The build line below is also run, as it stands, by .ci/run.
FROM golang:1.26.11-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=0.1.0-dev
ARG OUT=/out/winnow
RUN CGO_ENABLED=1 go build -trimpath -buildvcs=false \
    -tags osusergo,netgo,sqlite_omit_load_extension \
    -ldflags "-linkmode external -extldflags -static -s -w -X main.version=${VERSION}" \
    -o "${OUT}" .
# The folder that the daemon, which is not root, writes to.
RUN mkdir /out/data

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/winnow /winnow
COPY --from=build --chown=nonroot:nonroot /out/data /data
VOLUME /data
WORKDIR /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["/winnow", "health"]
ENTRYPOINT ["/winnow"]
CMD ["serve", "-c", "/data/winnow.yaml"]
