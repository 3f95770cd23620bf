#pragma once

namespace ancillary {

/** The open handles of an environment, so that they can be closed when it ends. */
class OpenHandles {
 public:
  class Node {
   public:
    Node() = default;
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

   protected:
    virtual ~Node() = default;
    /** Must take the node out of the list. */
    virtual void closeForGood() = 0;

   private:
    friend class OpenHandles;
    Node* previous_ = nullptr;
    Node* next_ = nullptr;
  };

  void add(Node& node) {
    node.next_ = first_;
    if (first_ != nullptr) first_->previous_ = &node;
    first_ = &node;
  }

  void remove(Node& node) {
    (node.previous_ != nullptr ? node.previous_->next_ : first_) = node.next_;
    if (node.next_ != nullptr) node.next_->previous_ = node.previous_;
    node.previous_ = node.next_ = nullptr;
  }

  void closeAll() {
    while (first_ != nullptr) first_->closeForGood();
  }

 private:
  Node* first_ = nullptr;
};

}  // namespace ancillary
