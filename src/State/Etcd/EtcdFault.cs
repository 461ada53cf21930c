using Mainstay.Core.Store;

namespace Mainstay.State.Etcd;

/// <summary>gRPC's status codes that etcd answers with.</summary>
enum EtcdCode
{
    Ok = 0,
    Unknown = 2,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    OutOfRange = 11,
    Unavailable = 14,
    Unauthenticated = 16,
}

/// <summary>What etcd refused, or that no member answered.</summary>
sealed class EtcdFault(EtcdCode code, string message, Exception? inner = null) : Exception(message, inner)
{
    public EtcdCode Code => code;

    /// <summary>Whether the same request may succeed at another member or a moment later.</summary>
    public bool Passing => code is EtcdCode.Unavailable or EtcdCode.DeadlineExceeded
        || (code == EtcdCode.ResourceExhausted && !IsFull)
        || (code == EtcdCode.Unknown && Message.Contains("leader", StringComparison.Ordinal));

    /// <summary>Whether the token that was sent is not known any more.</summary>
    public bool TokenOver => code == EtcdCode.Unauthenticated || Message.Contains("invalid auth token", StringComparison.Ordinal);

    /// <summary>Whether etcd has used up what it may, and takes nothing more.</summary>
    public bool IsFull => Message.Contains("space exceeded", StringComparison.Ordinal);

    /// <summary>The same for callers of the store, with what to do.</summary>
    public StoreUnavailableException Explain(string where) => new(
        IsFull ? $"the store {where} is full: compact and defragment etcd and disarm its alarm, or raise its --quota-backend-bytes"
        : TokenOver || code is EtcdCode.PermissionDenied or EtcdCode.FailedPrecondition or EtcdCode.InvalidArgument
            ? $"etcd refuses the store {where}: {Message}; check the user, its password and its role's key range"
        : $"the store {where} does not answer: {Message}; check that most members of etcd run and can be reached",
        this);
}
