using Mainstay.Observe.Ingest;
using Mainstay.Observe.Join;

namespace Mainstay.Observe.Query;

/// <summary>What traces say of who calls whom.</summary>
/// <param name="Edges">Over the last ten seconds.</param>
/// <param name="Kinds">What the nodes are.</param>
public sealed record TracedCalls(IReadOnlyDictionary<EdgeKey, EdgeFigures> Edges, IReadOnlyDictionary<string, PeerKind> Kinds);
