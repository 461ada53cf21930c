using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Store;
using Mainstay.Host.Security;

namespace Mainstay.Host.Roles;

/// <summary>
/// Makes the server's own host one of those that know each other by certificate: its gateway is reached, and reaches others, like that of a machine that has joined. The key is known to the store before
/// it is shown.
/// </summary>
sealed class OwnNode(string host, DataLayout data, NodeAuthority authority, IStore store, KindRegistry kinds, TimeProvider time)
{
    static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    readonly NodeCredentials credentials = new(data.Node, time);

    /// <summary>Keeps the certificate good until stopped.</summary>
    public async Task RunAsync(Action<string, Exception> fault, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var pause = Retry;
            try
            {
                if (!IsGood())
                {
                    await MakeAsync(stop);
                }

                pause = JoinedMachine.PauseBefore(credentials.RenewAt, time);
            }
            catch (Exception passing) when (passing is StoreUnavailableException or IOException or UnauthorizedAccessException)
            {
                fault("the host's own certificate", passing);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }

            await Task.Delay(pause, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    bool IsGood() => credentials.Exist && time.GetUtcNow() < credentials.RenewAt && authority.HasSigned(credentials.Shown);

    async Task MakeAsync(CancellationToken stop)
    {
        var (key, request) = NodeCredentials.Ask();
        using (key)
        {
            using var certificate = authority.SignHost(request, host)!;
            var kind = kinds.Of<HostIdentity>();
            CommitResult result;
            do
            {
                var entry = await store.GetAsync(kind.KeyOf(host), stop);
                var known = entry is null ? null : kind.Decode(entry);
                var now = time.GetUtcNow();
                var identity = new HostIdentity { Name = host, Key = NodeAuthority.KeyOf(certificate), Before = known?.Key, Since = known?.Since ?? now, Until = certificate.NotAfter };
                result = await store.CommitAsync(new([new(kind.KeyOf(host), entry?.ModRevision ?? 0)], [new(kind.KeyOf(host), Codec.Encode(identity))]), stop);
            }
            while (!result.Succeeded);
            credentials.Keep(key, certificate.ExportCertificatePem(), authority.Pem);
        }
    }
}
