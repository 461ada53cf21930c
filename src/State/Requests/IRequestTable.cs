using Mainstay.Core.Requests;

namespace Mainstay.State.Requests;

/// <summary>Remembered requests within one transaction of an engine.</summary>
interface IRequestTable
{
    /// <summary>The request of a key. Nobody else gets an answer about this key before the transaction is over.</summary>
    RequestRow? ByKey(string route, string owner, string key);

    RequestRow? ById(string id);

    /// <summary>Accepted requests of a route that wait and are due, the one that is due longest first.</summary>
    List<RequestRow> Due(string route, long nowMs, int most);

    /// <summary>Accepted requests of a route that are under way.</summary>
    List<RequestRow> Running(string route);

    /// <summary>Requests with keys that are under way, of all routes, at most so many.</summary>
    List<RequestRow> RunningNow(int most);

    List<RequestRow> Newest(RequestFilter filter);

    /// <summary>Writes a row down, new or changed, and how much waits.</summary>
    void Put(RequestRow row, RequestRow? before);

    /// <summary>Forgets a request with all that belongs to it.</summary>
    void Delete(RequestRow row);

    /// <summary>How much of a route waits or is under way.</summary>
    (long Count, long Bytes) Backlog(string route);

    void KeepBody(string id, ReadOnlySpan<byte> content);

    void DropBody(string id);

    byte[]? Body(string id);

    void KeepAnswer(string id, KeptAnswer answer);

    KeptAnswer? Answer(RequestRow row);

    /// <summary>The call that tells how a request ended.</summary>
    CallbackRow? Callback(string id);

    /// <summary>Calls that are to be made and are due, the one that is due longest first.</summary>
    List<CallbackRow> DueCallbacks(long nowMs, int most);

    /// <summary>Writes a call down, new or changed.</summary>
    void Put(CallbackRow row);

    /// <summary>Forgets a slice of what has been kept for long enough. True where there may be more.</summary>
    bool Sweep(long nowMs);

    List<RequestFigure> Figures();

    /// <summary>Whether the process that has a running request lives.</summary>
    bool IsHeld(RequestRow row);
}
