using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Drivers.Epoll;
using Mainstay.Traffic.Path;

namespace Mainstay.Tests.Traffic;

/// <summary>Tests of the path that hold on every transport; a sealed class per transport runs them.</summary>
public abstract class OnBothTransports(TransportKind kind)
{
    // Loops are threads: all tests share two.
    static readonly Lazy<EpollTransport> Loops = new(() => new EpollTransport(loopCount: 2));

    protected TransportKind Kind => kind;

    /// <summary>A transport of that kind, shared by all tests and never ended.</summary>
    public static ITransport Of(TransportKind kind) => kind == TransportKind.Sockets ? new SocketTransport() : Loops.Value;

    protected GatewayUnderTest Gateway(
        IReadOnlyList<EndpointModel> endpoints, PathLimits? limits = null, TimeProvider? time = null, RouteModel? route = null) =>
        new(endpoints, limits, time, route, kind: kind);
}
