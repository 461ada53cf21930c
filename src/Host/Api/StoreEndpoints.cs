using Mainstay.Core.Store;
using Mainstay.State.Backup;
using Microsoft.AspNetCore.Http;

namespace Mainstay.Host.Api;

/// <summary>The store as a whole.</summary>
public sealed class StoreEndpoints(IStore store, TimeProvider time)
{
    public IEnumerable<ApiRoute> Routes() =>
    [
        new("GET", "/api/v1/store/backup", "Everything that is declared, as of one revision, as a file for 'mainstay store restore'.", BackupAsync) { MediaType = BackupAnswer.Type },
    ];

    async Task<Answer?> BackupAsync(Call call) =>
        call.Wrong() is { } wrong ? wrong : new BackupAnswer(await StoreSnapshot.TakeAsync(store, call.Stop), $"the server {call.Context.Request.Host}", time.GetUtcNow());

    sealed record BackupAnswer(StoreSnapshot Snapshot, string From, DateTimeOffset At) : Answer
    {
        public const string Type = "application/octet-stream";

        public override async Task WriteAsync(HttpContext context)
        {
            context.Response.ContentType = Type;
            context.Response.Headers.CacheControl = "no-store";
            await BackupFile.WriteAsync(Snapshot, From, At, context.Response.Body, context.RequestAborted);
        }
    }
}
