namespace Mainstay.Core.Servers;

/// <summary>Which of several servers is asked: the one that answered last, until it does not answer, or says that it does not lead; then the next in the order given, and after the last the first.</summary>
/// <param name="servers">Their addresses, at least one.</param>
public sealed class ServerChoice(IReadOnlyList<Uri> servers) : IDisposable
{
    readonly Lock gate = new();
    int current;
    CancellationTokenSource left = new();

    /// <summary>Whether there is more than one.</summary>
    public bool IsOpen => servers.Count > 1;

    /// <summary>Whom to ask now.</summary>
    public Uri Current
    {
        get
        {
            lock (gate)
            {
                return servers[current];
            }
        }
    }

    /// <summary>Cancelled when <see cref="Current"/> is another: what streams from it is asked for anew. Read before the request is sent.</summary>
    public CancellationToken Left
    {
        get
        {
            lock (gate)
            {
                return left.Token;
            }
        }
    }

    /// <summary>How often another was chosen.</summary>
    public int Moves { get; private set; }

    /// <summary>Chooses the next one, unless somebody has already done so.</summary>
    /// <param name="tried">Who did not answer.</param>
    public void Failed(Uri tried)
    {
        CancellationTokenSource ended;
        lock (gate)
        {
            if (servers.Count < 2 || servers[current] != tried)
            {
                return;
            }

            current = (current + 1) % servers.Count;
            Moves++;
            (ended, left) = (left, new());
        }

        // Not disposed: who reads the token before it is cancelled may still register with it.
        ended.Cancel();
    }

    public void Dispose()
    {
        lock (gate)
        {
            left.Dispose();
        }
    }
}
