using Mainstay.Core.Kinds;
using Mainstay.Schedule.Drivers;

namespace Mainstay.Schedule.Agent;

/// <summary>Outputs of builds, from the server. A piece that does not come in its time is given up.</summary>
sealed class ServerOutputs(ServerLink server, TimeProvider time) : IOutputSource
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public async Task<OutputArchive> DescribeAsync(string build, CancellationToken stop) => Codec.Decode<OutputArchive>(await GetAsync($"artifacts/{build}", stop));

    public Task<byte[]> PieceAsync(string build, string digest, int piece, CancellationToken stop) => GetAsync($"artifacts/{build}/content?digest={digest}&piece={piece}", stop);

    async Task<byte[]> GetAsync(string verb, CancellationToken stop)
    {
        using var late = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, late.Token);
        using var answer = await server.CallAsync(HttpMethod.Get, verb, null, either.Token);
        return await answer.Content.ReadAsByteArrayAsync(either.Token);
    }
}
