using System.Text;
using Mainstay.Core.Store;

namespace Mainstay.Host.Security;

/// <summary>Of several servers on one store all must sign with the same authority: hosts know them by it. The store keeps the fingerprint of the first.</summary>
static class SharedAuthority
{
    /// <summary>Of the fingerprint.</summary>
    public const string Key = "cluster/authority";

    /// <summary>Notes the fingerprint where there is none. False where there is another.</summary>
    public static async Task<bool> IsSharedAsync(IStore store, NodeAuthority authority, CancellationToken stop)
    {
        var own = Encoding.ASCII.GetBytes(authority.Fingerprint);
        try
        {
            var noted = await store.CommitAsync(new([new(Key, 0)], [new(Key, own)]), stop);
            return noted.Succeeded || (await store.GetAsync(Key, stop))?.Value.Span.SequenceEqual(own) == true;
        }
        catch (Exception passing) when (passing is StoreUnavailableException or OperationCanceledException)
        {
            // It is looked at again when the server starts again.
            return true;
        }
    }
}
