using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using Mainstay.Core.Servers;
using Mainstay.State.Etcd.Wire;

namespace Mainstay.State.Etcd;

/// <summary>
/// Calls of etcd's v3 API over HTTP/2, at whichever member answers. A call that fails for a passing reason is made again, at the next member,
/// until the patience is over: so every call has to be one that may be carried out twice.
/// </summary>
sealed class EtcdChannel : IDisposable
{
    static readonly MediaTypeHeaderValue Grpc = new("application/grpc+proto");
    static readonly TimeSpan FirstTry = TimeSpan.FromSeconds(1);
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    readonly EtcdStoreOptions options;
    readonly HttpClient http;
    int current;
    volatile string? token;

    public EtcdChannel(EtcdStoreOptions options)
    {
        this.options = options;
        http = new HttpClient(new ConnectFaults(new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = true,
            ConnectTimeout = FirstTry,
            // A member that is paused answers no ping; calls in flight and watches are then moved to another.
            KeepAlivePingDelay = TimeSpan.FromSeconds(2),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(2),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            ActivityHeadersPropagator = null,
            SslOptions = Tls(options),
        }))
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>One request and one answer.</summary>
    /// <exception cref="EtcdFault">Refused, or nobody answered within the patience.</exception>
    public async Task<T> CallAsync<T>(string method, IMessage request, MessageParser<T> parser, CancellationToken stop, TimeSpan? patience = null)
        where T : IMessage<T>
    {
        var frame = GrpcFrames.Frame(request);
        var began = Stopwatch.GetTimestamp();
        var allowed = patience ?? options.Patience;
        for (var round = 0; ; round++)
        {
            var at = Volatile.Read(ref current);
            var left = allowed - Stopwatch.GetElapsedTime(began);
            try
            {
                return parser.ParseFrom(await TryAsync(at, method, frame, TryFor(round, left), stop));
            }
            catch (EtcdFault fault) when (fault.TokenOver && token is not null)
            {
                token = null;
                if (round > 0)
                    throw;
            }
            catch (EtcdFault fault) when (fault.Passing && Stopwatch.GetElapsedTime(began) < allowed)
            {
                MoveOn(at);
                if ((round + 1) % options.Now.Count == 0)
                    await Task.Delay(Pause, TimeProvider.System, stop);
            }
        }
    }

    /// <summary>A call whose answers go on until it is stopped; its request's body stays open meanwhile.</summary>
    public async IAsyncEnumerable<T> StreamAsync<T>(
        string method, IReadOnlyList<IMessage> requests, MessageParser<T> parser, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop)
        where T : IMessage<T>
    {
        var at = Volatile.Read(ref current);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            using var request = await RequestAsync(at, method, stop);
            request.Content = new OpenBody([.. requests.SelectMany(GrpcFrames.Frame)], ended.Task);
            request.Content.Headers.ContentType = Grpc;
            using var answer = await WithinAsync(at, token => http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, token), options.Patience, stop);
            await using var stream = await answer.Content.ReadAsStreamAsync(stop);
            while (await NextAsync(at, stream, stop) is { } body)
                yield return parser.ParseFrom(body);
            throw GrpcFrames.Status(answer) ?? new EtcdFault(EtcdCode.Unavailable, "the stream ended");
        }
        finally
        {
            ended.TrySetResult();
        }
    }

    /// <summary>The next member is asked from now on, where this one still is the current.</summary>
    public void MoveOn(int from) => Interlocked.CompareExchange(ref current, from + 1, from);

    /// <summary>As <see cref="MoveOn(int)"/>, from whichever is the current.</summary>
    public void MoveOn() => MoveOn(Volatile.Read(ref current));

    public void Dispose() => http.Dispose();

    // With others to ask, one that does not answer costs a second at first.
    TimeSpan TryFor(int round, TimeSpan left)
    {
        var members = options.Now.Count;
        var share = members == 1 ? left : FirstTry * (1 << Math.Min(8, round / members));
        return share < left ? share : left > TimeSpan.Zero ? left : Pause;
    }

    async Task<byte[]> TryAsync(int at, string method, byte[] frame, TimeSpan limit, CancellationToken stop)
    {
        using var request = await RequestAsync(at, method, stop);
        return await SendAsync(at, request, frame, limit, stop);
    }

    async Task<byte[]> SendAsync(int at, HttpRequestMessage request, byte[] frame, TimeSpan limit, CancellationToken stop) =>
        await WithinAsync(
            at,
            async token =>
            {
                request.Content = new ByteArrayContent(frame);
                request.Content.Headers.ContentType = Grpc;
                using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, token);
                await using var stream = await answer.Content.ReadAsStreamAsync(token);
                var body = await GrpcFrames.ReadAsync(stream, token);
                // The status is known at the end of the stream only.
                while (body is not null && await GrpcFrames.ReadAsync(stream, token) is not null)
                {
                }

                if (GrpcFrames.Status(answer) is { } fault)
                    throw fault;
                return body ?? throw new EtcdFault(EtcdCode.Unavailable, "the answer is empty");
            },
            limit,
            stop);

    async Task<HttpRequestMessage> RequestAsync(int at, string method, CancellationToken stop)
    {
        if (options.User is not null && token is null)
            token = await AuthenticateAsync(at, stop);
        return Request(at, method, token);
    }

    HttpRequestMessage Request(int at, string method, string? bearer)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(At(at), $"/etcdserverpb.{method}"))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        // A member that lost the others ends the call instead of holding it.
        request.Headers.Add("hasleader", "true");
        if (bearer is not null)
            request.Headers.Add("token", bearer);
        return request;
    }

    async Task<string> AuthenticateAsync(int at, CancellationToken stop)
    {
        using var request = Request(at, "Auth/Authenticate", null);
        var frame = GrpcFrames.Frame(new AuthenticateRequest { Name = options.User, Password = options.Password ?? "" });
        return AuthenticateResponse.Parser.ParseFrom(await SendAsync(at, request, frame, options.Patience, stop)).Token;
    }

    async ValueTask<byte[]?> NextAsync(int at, Stream stream, CancellationToken stop)
    {
        try
        {
            return await GrpcFrames.ReadAsync(stream, stop);
        }
        catch (Exception broken) when (broken is IOException or HttpRequestException)
        {
            throw Broken(at, broken);
        }
    }

    async Task<T> WithinAsync<T>(int at, Func<CancellationToken, Task<T>> act, TimeSpan limit, CancellationToken stop)
    {
        using var timer = new CancellationTokenSource(limit, TimeProvider.System);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(stop, timer.Token);
        try
        {
            return await act(both.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            // Ours, or the shorter one of connecting.
            throw new EtcdFault(EtcdCode.DeadlineExceeded, $"{Member(at)} did not answer in time");
        }
        catch (Exception broken) when (broken is IOException or HttpRequestException)
        {
            throw Broken(at, broken);
        }
    }

    EtcdFault Broken(int at, Exception broken) => new(EtcdCode.Unavailable, $"{Member(at)}: {broken.GetBaseException().Message}", broken);

    string Member(int at) => At(at).Authority;

    Uri At(int at)
    {
        var members = options.Now;
        return members[at % members.Count];
    }

    static SslClientAuthenticationOptions Tls(EtcdStoreOptions options)
    {
        var tls = new SslClientAuthenticationOptions();
        if (options.Identity is { } identity)
            tls.LocalCertificateSelectionCallback = (_, _, _, _, _) => identity();
        else if (options.Certificate is { } certificate)
            tls.ClientCertificates = [certificate];
        if (options.Authorities is { } authorities)
        {
            tls.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            tls.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
        }

        return tls;
    }
}
