using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Requests;
using Mainstay.Core.Servers;
using Mainstay.State.Decide;
using Mainstay.State.Requests;

namespace Mainstay.State.Drivers;

/// <summary>
/// Makes the calls that tell ends. A place is looked up when it is called, and only addresses that may be called are connected to, so that a name which has come to lead
/// inside changes nothing; redirects are not followed, proxies not used, and of an answer nothing but its head is read.
/// </summary>
public sealed class CallbackSender(TimeProvider time) : IDisposable
{
    static readonly TimeSpan ToConnect = TimeSpan.FromSeconds(10);

    readonly HttpMessageInvoker open = new(new ConnectFaults(Handler(isPrivateToo: false)));
    readonly HttpMessageInvoker inside = new(new ConnectFaults(Handler(isPrivateToo: true)));

    /// <summary>Makes one try of a call; how it ended is a value.</summary>
    /// <param name="call">Which.</param>
    /// <param name="terms">The route's.</param>
    /// <param name="secret">What it is signed with.</param>
    /// <param name="answerPath">Where the gateway gives the answer.</param>
    /// <param name="stop">Breaks it off: it is made again.</param>
    public async Task<CallbackEnd> SendAsync(TakenCallback call, CallbackSpec terms, string secret, string answerPath, CancellationToken stop)
    {
        // The terms may have changed since it was accepted.
        if (CallbackPlaces.Read(call.Url) is not { } place || (call.Url != terms.Url && !CallbackPlaces.IsAllowed(place, terms.Allow)))
            return CallbackDecide.GiveUp(call, "the route does not allow this place any more");
        using var late = new CancellationTokenSource(terms.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, late.Token);
        var began = time.GetUtcNow();
        try
        {
            using var request = Request(call, place, secret, answerPath, began);
            using var response = await (terms.Private ? inside : open).SendAsync(request, either.Token);
            var after = response.Headers.TryGetValues("Retry-After", out var given) ? given.First() : null;
            return CallbackDecide.After(call, terms, began - call.Since, (int)response.StatusCode, after, null);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return CallbackDecide.After(call, terms, began - call.Since, null, null, $"no answer within {terms.Timeout.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s");
        }
        catch (OperationCanceledException)
        {
            return CallbackDecide.Wait(call, TimeSpan.Zero, "Mainstay was stopped meanwhile");
        }
        catch (HttpRequestException failed)
        {
            return CallbackDecide.After(call, terms, began - call.Since, null, null, $"it could not be reached: {failed.InnerException?.Message ?? failed.Message}");
        }
    }

    public void Dispose()
    {
        open.Dispose();
        inside.Dispose();
    }

    static HttpRequestMessage Request(TakenCallback call, Uri place, string secret, string answerPath, DateTimeOffset now)
    {
        var (id, at, body) = (CallbackMessage.IdOf(call), now.ToUnixTimeSeconds(), CallbackMessage.Write(call, answerPath));
        var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        var request = new HttpRequestMessage(HttpMethod.Post, place) { Content = content };
        request.Headers.TryAddWithoutValidation("webhook-id", id);
        request.Headers.TryAddWithoutValidation("webhook-timestamp", at.ToString(CultureInfo.InvariantCulture));
        request.Headers.TryAddWithoutValidation("webhook-signature", CallbackMessage.Sign(secret, id, at, body));
        request.Headers.TryAddWithoutValidation("Mainstay-Attempt", call.Try.ToString(CultureInfo.InvariantCulture));
        request.Headers.TryAddWithoutValidation("User-Agent", "mainstay");
        return request;
    }

    static SocketsHttpHandler Handler(bool isPrivateToo) => new()
    {
        UseProxy = false, UseCookies = false, AllowAutoRedirect = false, ActivityHeadersPropagator = null, ConnectTimeout = ToConnect, MaxConnectionsPerServer = 16, MaxResponseHeadersLength = 32,
        // A name that leads elsewhere is noticed.
        PooledConnectionLifetime = TimeSpan.FromMinutes(1), PooledConnectionIdleTimeout = TimeSpan.FromSeconds(20), ResponseDrainTimeout = TimeSpan.FromSeconds(1), MaxResponseDrainSize = 64 << 10,
        ConnectCallback = (context, stop) => ConnectAsync(context.DnsEndPoint, isPrivateToo, stop),
    };

    static async ValueTask<Stream> ConnectAsync(DnsEndPoint to, bool isPrivateToo, CancellationToken stop)
    {
        var all = IPAddress.TryParse(to.Host.Trim('[', ']'), out var literal) ? [literal] : await Dns.GetHostAddressesAsync(to.Host, stop);
        var allowed = Array.FindAll(all, a => CallbackPlaces.MayCall(a, isPrivateToo));
        if (allowed.Length == 0)
            throw new IOException($"'{to.Host}' leads to {(all.Length == 0 ? "nowhere" : $"{all[0]}, which may not be called{(isPrivateToo ? "" : " without 'private'")}")}");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, to.Port, stop);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
